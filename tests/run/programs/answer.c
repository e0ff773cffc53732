/* A program in C that drives a node of zrig: it answers each question on the socket `desk`. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

static volatile sig_atomic_t told_to_end = 0;

static void end(int signal) {
    (void)signal;
    told_to_end = 1;
}

int main(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = end;
    sigaction(SIGTERM, &action, NULL);
    void *context = zmq_ctx_new();
    void *desk = zmq_socket(context, ZMQ_REP);
    const char *endpoint = getenv("ZRIG_SOCKET_DESK");
    const char *replica = getenv("ZRIG_REPLICA");
    if (!endpoint || !replica || zmq_bind(desk, endpoint) != 0) {
        fprintf(stderr, "cannot bind: %s\n", zmq_strerror(zmq_errno()));
        return 1;
    }
    printf("begins as c.%s\n", replica);
    fflush(stdout);
    while (!told_to_end) {
        char question[256], answer[300];
        zmq_pollitem_t item = {desk, 0, ZMQ_POLLIN, 0};
        if (zmq_poll(&item, 1, 50) <= 0) continue;
        int size = zmq_recv(desk, question, sizeof question, 0);
        if (size < 0) continue;
        if (size > (int)sizeof question) size = sizeof question;
        int length = snprintf(answer, sizeof answer, "%.*s c.%s", size, question, replica);
        zmq_send(desk, answer, length, 0);
    }
    zmq_close(desk);
    zmq_ctx_term(context);
    return 0;
}
