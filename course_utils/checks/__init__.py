"""What students run: checks that compare their work with the professional tool and explain."""
