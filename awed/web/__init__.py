"""HTTP: sites, requests, bodies, parameters, answers. Knows the model's errors, but none of AWE's collections."""
