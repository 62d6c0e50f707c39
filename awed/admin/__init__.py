"""The commands of ``awe`` that open the daemon's store themselves: who has the data directory may do all."""
