module lab/klipper-lb

go 1.25.0
