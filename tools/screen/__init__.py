"""Training of the screen's linear models, and the card that tells how good they are: `make train-screen`."""
