"""From a requested chunk or a due row to a recorded outcome: admission, attempts, settlement."""
