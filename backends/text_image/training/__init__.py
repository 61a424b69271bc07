"""Training of the embedded networks: endless batches, the loss, and a run that can stop and go on."""
