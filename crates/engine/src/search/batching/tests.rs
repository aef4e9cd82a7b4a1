//! Callers who share an encoder that can be held up at will.

use super::*;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

/// Tells each run's size and waits until it may go on. A picture's vector is its width, a text's its length.
struct Held {
    id: EncoderId,
    began: Mutex<Sender<String>>,
    go_on: Mutex<Receiver<()>>,
}

impl Held {
    fn hold(&self, what: String) {
        locked(&self.began).send(what).unwrap();
        locked(&self.go_on).recv().unwrap();
    }
}

impl Encoder for Held {
    fn id(&self) -> &EncoderId {
        &self.id
    }

    fn encode(&self, pictures: &[&Picture]) -> Result<Vec<Vec<f32>>, EncodeError> {
        self.hold(format!("{} pictures", pictures.len()));
        let has = |width: u32| pictures.iter().any(|picture| picture.width() == width);
        assert!(!has(13), "unlucky");
        if has(14) {
            return Err(EncodeError { encoder: "held".into(), reason: "no fourteen".into() });
        }
        Ok(pictures.iter().map(|picture| vec![picture.width() as f32]).collect())
    }

    fn text(&self) -> Option<&dyn TextEncoder> {
        Some(self)
    }
}

impl TextEncoder for Held {
    fn encode_text(&self, texts: &[&str]) -> Result<Vec<TextVector>, EncodeError> {
        self.hold(format!("{} texts", texts.len()));
        let vector = |text: &&str| TextVector { vector: vec![text.len() as f32], truncated: text.len() > 3 };
        Ok(texts.iter().map(vector).collect())
    }
}

struct Scene {
    shared: Batching,
    began: Receiver<String>,
    go_on: Sender<()>,
}

fn scene(largest_batch: usize) -> Scene {
    scene_of(largest_batch, 1)
}

fn scene_of(largest_batch: usize, runs_at_once: usize) -> Scene {
    let ((told, began), (go_on, wait)) = (channel(), channel());
    let id = EncoderId { name: "held".into(), digest: String::new(), dimensions: 1 };
    let held = Held { id, began: Mutex::new(told), go_on: Mutex::new(wait) };
    let [largest_batch, runs_at_once] =
        [largest_batch, runs_at_once].map(|count| NonZero::new(count).unwrap());
    Scene { shared: Batching::new(Arc::new(held), largest_batch, runs_at_once), began, go_on }
}

impl Scene {
    fn picture(&self, width: u32) -> Result<Vec<Vec<f32>>, EncodeError> {
        let picture = Picture::new(width, 1, vec![0; 3 * width as usize], None).unwrap();
        self.shared.encode(&[&picture])
    }

    /// Waits until so many wait.
    fn until_waiting(&self, count: usize) {
        while locked(&self.shared.queue).waiting.len() < count {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// The next run that begins, let through.
    fn next(&self) -> String {
        let began = self.began.recv_timeout(Duration::from_secs(20)).unwrap();
        self.go_on.send(()).unwrap();
        began
    }

    fn is_idle(&self) -> bool {
        let queue = locked(&self.shared.queue);
        queue.running == 0 && queue.waiting.is_empty()
    }
}

// The scene's receivers are one thread's; callers only touch what is shared.
fn call<'s, 'e, T: Send + 's>(
    scope: &'s thread::Scope<'s, 'e>,
    shared: &'s Batching,
    ask: impl FnOnce(&Batching) -> T + Send + 's,
) -> thread::ScopedJoinHandle<'s, T> {
    scope.spawn(move || ask(shared))
}

fn width(width: u32) -> impl FnOnce(&Batching) -> Result<Vec<Vec<f32>>, EncodeError> + Send {
    move |shared| {
        let picture = Picture::new(width, 1, vec![0; 3 * width as usize], None).unwrap();
        shared.encode(&[&picture])
    }
}

#[test]
fn a_single_request_runs_at_once_and_alone() {
    let scene = scene(4);
    scene.go_on.send(()).unwrap();
    assert_eq!(scene.picture(7).unwrap(), [[7.0]]);
    assert_eq!(scene.began.recv().unwrap(), "1 pictures");
    assert!(scene.is_idle());
    assert_eq!(scene.shared.id().name, "held");
}

#[test]
fn those_who_wait_are_run_together_up_to_the_largest_batch_and_get_their_own() {
    let scene = scene(3);
    let shared = &scene.shared;
    thread::scope(|scope| {
        let mut callers = vec![call(scope, shared, width(1))];
        let first = scene.began.recv().unwrap();
        assert_eq!(first, "1 pictures");
        for (waiting, wide) in (1..).zip(2..7) {
            callers.push(call(scope, shared, width(wide)));
            scene.until_waiting(waiting);
        }
        scene.go_on.send(()).unwrap();
        assert_eq!([scene.next(), scene.next()], ["3 pictures", "2 pictures"]);
        for (caller, wide) in callers.into_iter().zip(1..) {
            assert_eq!(caller.join().unwrap().unwrap(), [[wide as f32]]);
        }
    });
    assert!(scene.is_idle());
}

#[test]
fn as_many_run_side_by_side_as_may_and_the_next_waits_for_any_of_them() {
    let scene = scene_of(4, 2);
    let shared = &scene.shared;
    thread::scope(|scope| {
        let first = [call(scope, shared, width(1)), call(scope, shared, width(2))];
        // Both began, and neither has ended.
        assert_eq!([(); 2].map(|()| scene.began.recv().unwrap()), ["1 pictures", "1 pictures"]);
        let later = [3, 4].map(|wide| {
            let caller = call(scope, shared, width(wide));
            scene.until_waiting(wide as usize - 2);
            caller
        });
        scene.go_on.send(()).unwrap();
        assert_eq!(scene.began.recv().unwrap(), "2 pictures");
        scene.go_on.send(()).unwrap();
        scene.go_on.send(()).unwrap();
        for (caller, wide) in first.into_iter().chain(later).zip(1..) {
            assert_eq!(caller.join().unwrap().unwrap(), [[wide as f32]]);
        }
    });
    assert!(scene.is_idle());
}

#[test]
fn texts_and_pictures_take_turns_and_never_mix() {
    let scene = scene(8);
    let shared = &scene.shared;
    let say = |text: &'static str| move |shared: &Batching| shared.text().unwrap().encode_text(&[text, "x"]);
    thread::scope(|scope| {
        let first = call(scope, shared, width(1));
        scene.began.recv().unwrap();
        let red = call(scope, shared, say("red"));
        scene.until_waiting(1);
        let wide = call(scope, shared, width(9));
        scene.until_waiting(2);
        let green = call(scope, shared, say("green"));
        scene.until_waiting(3);
        scene.go_on.send(()).unwrap();
        assert_eq!([scene.next(), scene.next()], ["4 texts", "1 pictures"]);
        assert_eq!(first.join().unwrap().unwrap(), [[1.0]]);
        assert_eq!(wide.join().unwrap().unwrap(), [[9.0]]);
        let (red, green) = (red.join().unwrap().unwrap(), green.join().unwrap().unwrap());
        assert_eq!((red[0].vector[0], red[0].truncated, red[1].vector[0]), (3.0, false, 1.0));
        assert_eq!((green[0].vector[0], green[0].truncated), (5.0, true));
    });
    assert!(scene.is_idle());
}

#[test]
fn a_request_that_fails_or_panics_costs_only_itself() {
    for unlucky in [13, 14] {
        let scene = scene(8);
        let shared = &scene.shared;
        thread::scope(|scope| {
            let mut callers = vec![call(scope, shared, width(1))];
            scene.began.recv().unwrap();
            for (waiting, wide) in (1..).zip([2, unlucky, 3]) {
                callers.push(call(scope, shared, width(wide)));
                scene.until_waiting(waiting);
            }
            scene.go_on.send(()).unwrap();
            let runs: Vec<String> = (0..4).map(|_| scene.next()).collect();
            assert_eq!(runs, ["3 pictures", "1 pictures", "1 pictures", "1 pictures"]);
            let given: Vec<_> = callers.into_iter().map(|caller| caller.join().unwrap()).collect();
            for (given, wide) in given.iter().zip([1, 2, unlucky, 3]) {
                match given {
                    Ok(vectors) => assert_eq!(vectors, &[[wide as f32]]),
                    Err(error) => {
                        assert_eq!(wide, unlucky);
                        assert!(error.to_string().contains(if unlucky == 13 {
                            "panicked"
                        } else {
                            "fourteen"
                        }));
                    }
                }
            }
            assert_eq!(given.iter().filter(|given| given.is_err()).count(), 1);
        });
        // A lone one that panics leaves the encoder usable too.
        scene.go_on.send(()).unwrap();
        assert!(scene.picture(unlucky).is_err());
        scene.go_on.send(()).unwrap();
        assert!(scene.picture(5).is_ok());
        assert!(scene.is_idle());
    }
}

#[test]
fn a_request_larger_than_a_batch_is_not_divided_and_an_empty_one_is_answered() {
    let scene = scene(2);
    scene.go_on.send(()).unwrap();
    let picture = Picture::new(1, 1, vec![0; 3], None).unwrap();
    assert_eq!(scene.shared.encode(&[&picture; 5]).unwrap().len(), 5);
    assert_eq!(scene.began.recv().unwrap(), "5 pictures");
    scene.go_on.send(()).unwrap();
    assert!(scene.shared.encode(&[]).unwrap().is_empty());
}
