"""What a trained network is good for: predictions, exports, features."""
