"""HTTP: sites, requests, bodies, parameters, answers. It knows the errors of the model, and none of AWE's routes."""
