"""What an original server's database holds, as JSON, becomes what awed stores."""
