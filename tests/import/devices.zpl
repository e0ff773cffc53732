#  Three of libzmq's own devices and one of somebody's own
context
    iothreads = 2
    verbose = 1      # ask for a trace

broker
    type = zmq_queue
    frontend
        option
            hwm = 100
            swap = 25000000
            identity = "front desk"
        bind = tcp://127.0.0.1:27811
        bind = inproc://desk
    backend
        bind = tcp://127.0.0.1:27812

news
    type = zmq_forwarder
    frontend
        option
            subscribe = "weather."
            subscribe = "#2"
        connect = tcp://127.0.0.1:27813
        connect = epgm://eth0;239.192.1.1:5555
    backend
        option
            sndbuf = 65536
            recovery_ivl = 10
        bind = tcp://127.0.0.1:27814

jobs
    type = zmq_streamer
    backend
        bind = tcp://127.0.0.1:27816
    frontend
        bind = tcp://127.0.0.1:27815

own.device
    type = archiver
    in
        type = xreq
        connect = tcp://127.0.0.1:27811
