"""One module per remote service: reads into model values, and the few writes. Nothing is decided here."""
