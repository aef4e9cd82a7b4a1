"""What the encoder is fitted to: a supervised-contrastive loss, and SSCD's entropy term that spreads the vectors out.

Khosla et al. 2020 (arXiv:2004.11362) and Pizzi et al. 2022 (arXiv:2202.10261, equation 4). Vectors have norm 1.
"""

import torch

TEMPERATURE = 0.06
ENTROPY_WEIGHT = 0.3


def relations(identity: torch.Tensor, product: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Two boolean (n, n) tables: which vectors belong together, and which are to be told apart.

    `identity` (n,) is equal for the views of one pair. `product` (n,) is equal for photos of one product, -1 where
    unknown: photos of one product which are no pair are neither pulled together nor pushed apart.
    """
    same = identity[:, None] == identity[None, :]
    sibling = (product[:, None] == product[None, :]) & (product[:, None] >= 0)
    itself = torch.eye(len(identity), dtype=torch.bool, device=identity.device)
    return same & ~itself, ~same & ~sibling


def contrastive(vectors: torch.Tensor, together: torch.Tensor, apart: torch.Tensor) -> torch.Tensor:
    """Mean over all positives of minus the log of their share among the positive and all negatives."""
    logits = vectors @ vectors.T / TEMPERATURE
    negatives = torch.logsumexp(logits.masked_fill(~apart, -1e4), 1, keepdim=True)
    losses = torch.nn.functional.softplus(negatives - logits)
    return losses[together].mean()


def entropy(vectors: torch.Tensor, apart: torch.Tensor) -> torch.Tensor:
    """Minus the mean log distance to the nearest vector of another identity."""
    squared = (2 - 2 * vectors @ vectors.T).masked_fill(~apart, 4.0)
    return -0.5 * squared.min(1).values.clamp(min=1e-6).log().mean()


def loss(vectors: torch.Tensor, identity: torch.Tensor, product: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The sum that is minimised, and its contrastive part for the curve."""
    together, apart = relations(identity, product)
    main = contrastive(vectors, together, apart)
    return main + ENTROPY_WEIGHT * entropy(vectors, apart), main
