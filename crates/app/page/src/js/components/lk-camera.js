// Taking a photo. Where the browser gives no live camera (pages over plain HTTP, older phones) the phone's own camera app
// takes it; where there is none, or it may not be used, the dialog says so and offers a file instead.

import { takeFiles } from "../asking.js";
import { define, fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { t } from "../language.js";
import { jpegOf } from "../photos.js";
import { LkNotice } from "./lk-notice.js";

/** @typedef {"environment" | "user"} Facing */
/** @typedef {import("../language.js").Key} Key */

class LkCamera extends HTMLElement {
  /** What takes the photo's place: choosing a file. */
  otherwise = () => {};
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {Facing} */
  #facing = "environment";
  /** Names of the cameras there are. @type {string[]} */
  #cameras = [];
  #video = h("video", { autoplay: true, muted: true, playsInline: true, "aria-label": t("camera.live") });
  #stage = h("div.camera-stage");
  #shutter = h("button.shutter", { type: "button", "aria-label": t("camera.take"), disabled: true, on: { click: () => void this.#take() } });
  #turn = h("button.icon-button", { type: "button", "aria-label": t("camera.turn"), title: t("camera.turn"), hidden: true, on: { click: () => void this.#turnAround() } }, icon("turn"));
  #dialog = h("dialog.camera", { "aria-label": t("camera.title"), on: { close: () => this.#end() } });

  open() {
    fill(this.#dialog,
      this.#stage,
      h("div.camera-bar", null,
        h("button.icon-button", { type: "button", "aria-label": t("act.close"), on: { click: () => this.#dialog.close() } }, icon("close")),
        this.#shutter,
        this.#turn));
    fill(this, this.#dialog);
    this.#dialog.showModal();
    void this.#start();
  }

  /** @param {MediaTrackConstraints} [which] camera */
  async #start(which = { facingMode: this.#facing }) {
    this.#stop();
    // Until a picture comes there is none to take.
    this.#shutter.disabled = true;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { ...which, width: { ideal: 1920 }, height: { ideal: 1440 } } });
      if (!this.isConnected) return stream.getTracks().forEach((track) => track.stop());
      this.#stream = stream;
      this.#video.srcObject = stream;
      fill(this.#stage, this.#video);
      await this.#video.play();
      this.#shutter.disabled = false;
      this.#shutter.focus();
      const devices = await navigator.mediaDevices.enumerateDevices();
      this.#cameras = devices.filter(({ kind }) => kind === "videoinput").map(({ deviceId }) => deviceId);
      this.#turn.hidden = this.#cameras.length < 2;
    } catch (error) {
      this.#complain(error instanceof DOMException ? error.name : "");
    }
  }

  /** @param {string} name of what `getUserMedia` failed with */
  #complain(name) {
    const kind = name === "NotAllowedError" || name === "SecurityError" ? "denied" : name === "NotFoundError" || name === "OverconstrainedError" ? "none" : "taken";
    const notice = new LkNotice();
    fill(this.#stage, notice);
    this.#shutter.disabled = true;
    notice.say("camera", t(/** @type {Key} */ (`camera.${kind}.title`)), t(/** @type {Key} */ (`camera.${kind}.text`)), [
      { label: t("camera.file"), act: () => { this.#dialog.close(); this.otherwise(); } },
      ...(kind === "none" ? [] : [{ label: t("act.again"), act: () => void this.#start() }]),
    ]);
    notice.setAttribute("role", "alert");
    notice.querySelector("button")?.focus();
  }

  async #turnAround() {
    const before = this.#camera();
    this.#facing = this.#facing === "environment" ? "user" : "environment";
    await this.#start();
    // Cameras that do not say which way they look are taken in turns.
    const next = this.#cameras[(this.#cameras.indexOf(before) + 1) % this.#cameras.length];
    if (before && next && this.#camera() === before) await this.#start({ deviceId: { exact: next } });
  }

  /** The name of the camera that is on. */
  #camera() {
    return this.#stream?.getVideoTracks()[0]?.getSettings().deviceId ?? "";
  }

  async #take() {
    const { videoWidth, videoHeight } = this.#video;
    const blob = await jpegOf(this.#video, videoWidth, videoHeight);
    this.#dialog.close();
    await takeFiles([new File([blob], `${t("camera.name")}.jpg`, { type: "image/jpeg" })]);
  }

  #stop() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
  }

  #end() {
    this.#stop();
    this.remove();
  }
}

define("lk-camera", LkCamera);

/** Lets a person take a photo; `otherwise` lets them choose a file. @param {() => void} otherwise */
export function takePhoto(otherwise) {
  if (!navigator.mediaDevices?.getUserMedia) return borrowCamera();
  const camera = Object.assign(new LkCamera(), { otherwise });
  document.body.append(camera);
  camera.open();
}

/** The phone's own camera app, or a chooser of files where there is none. */
function borrowCamera() {
  const chooser = h("input", { type: "file", accept: "image/*", capture: "environment", on: { change: () => void takeFiles([...(chooser.files ?? [])]) } });
  chooser.click();
}
