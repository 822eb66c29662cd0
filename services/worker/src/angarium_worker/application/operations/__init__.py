"""What operators and owners command: resend, cancel, and retention."""
