// Mock OpenAI upstream: single-threaded epoll HTTP/1.1 server answering canned chat completions.
//   mock PORT [--delay-us N] [--chunks N] [--interval-us N] [--burst]
// Non-stream: ~1 KB JSON with usage. Stream ("stream":true in the body): SSE, N chunks of ~260 bytes, a usage
// chunk if the request asks for include_usage, then [DONE]; one write per chunk, --interval-us apart (0: back
// to back). Per-request overrides: headers "x-mock-delay-us", "x-mock-interval-us", "x-mock-chunks" are NOT
// read from headers (gateways drop them); instead the model name, or "user", may carry them:
// "...-d<us>-i<us>-n<chunks>", e.g. "mock-i5000-n64". Any GET answers a small JSON (model list), so health
// checks of gateways pass.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAXFD 65536
#define RBUF 16384
typedef struct Conn {
  int fd, state;  // state 0 reading, 1 waiting (timer), 2 writing blocked
  char* in;
  size_t inlen, incap;
  char* out;
  size_t outlen, outoff, outcap;
  int stream, chunks_left, chunk_no, usage, closing;
  long long interval_ns;
  long long due;
  int heap_idx;
} Conn;
static Conn* conns[MAXFD];
static int ep;
static long long def_delay = 0, def_interval = 0;
static int def_chunks = 64;
static unsigned long long nreq = 0;
static long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}
// --- timer heap
static Conn* heap[MAXFD];
static int hn = 0;
static void hset(int i, Conn* c) {
  heap[i] = c;
  c->heap_idx = i;
}
static void hup(int i) {
  Conn* c = heap[i];
  while (i > 0) {
    int p = (i - 1) / 2;
    if (heap[p]->due <= c->due) break;
    hset(i, heap[p]);
    i = p;
  }
  hset(i, c);
}
static void hdown(int i) {
  Conn* c = heap[i];
  for (;;) {
    int k = 2 * i + 1;
    if (k >= hn) break;
    if (k + 1 < hn && heap[k + 1]->due < heap[k]->due) k++;
    if (heap[k]->due >= c->due) break;
    hset(i, heap[k]);
    i = k;
  }
  hset(i, c);
}
static void hpush(Conn* c) {
  hset(hn, c);
  hn++;
  hup(hn - 1);
}
static void hdel(Conn* c) {
  int i = c->heap_idx;
  if (i < 0) return;
  hn--;
  if (i != hn) {
    hset(i, heap[hn]);
    hup(i);
    hdown(i);
  }
  c->heap_idx = -1;
}
// --- canned
static char* body_json;
static size_t body_len;
static char* resp_json;
static size_t resp_len;
static char* models;
static size_t models_len;
static const char* stream_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: "
    "no-cache\r\nx-request-id: req_mock\r\nTransfer-Encoding: chunked\r\n\r\n";
static void build(void) {
  const char* text =
      "Certainly! Here is a concise explanation of how a reverse proxy works. A reverse proxy accepts a "
      "request from a client, decides which upstream should answer it, forwards the request over a "
      "connection that is usually kept alive, and relays the response. In the context of language models the "
      "proxy also authenticates the caller, enforces budgets and limits, and records how many tokens were "
      "used so that spend can be attributed to a team, a user or a key.";
  body_json = malloc(4096);
  body_len = sprintf(
      body_json,
      "{\"id\":\"chatcmpl-mock0123456789abcdefghijklm\",\"object\":\"chat.completion\",\"created\":"
      "1760000000,\"model\":\"mock-model\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
      "\"content\":\"%s\",\"refusal\":null,\"annotations\":[]},\"logprobs\":null,\"finish_reason\":\"stop\"}]"
      ",\"usage\":{\"prompt_tokens\":112,\"completion_tokens\":86,\"total_tokens\":198,\"prompt_tokens_"
      "details\":{\"cached_tokens\":0,\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_"
      "tokens\":0,\"audio_tokens\":0,\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}},"
      "\"service_tier\":\"default\",\"system_fingerprint\":\"fp_mock000000\"}",
      text);
  resp_json = malloc(8192);
  resp_len = sprintf(resp_json,
                     "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
                     "%zu\r\nx-request-id: req_mock\r\n\r\n%s",
                     body_len, body_json);
  const char* m =
      "{\"object\":\"list\",\"data\":[{\"id\":\"mock-model\",\"object\":\"model\",\"created\":1760000000,"
      "\"owned_by\":\"mock\"}],\"status\":\"ok\"}";
  models = malloc(1024);
  models_len =
      sprintf(models, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
              strlen(m), m);
}
static size_t fmt_chunk(char* dst, int no, int left,
                        int last_kind) {  // last_kind 0 normal 1 finish 2 usage 3 done
  char data[1024];
  int n;
  if (last_kind == 3)
    n = sprintf(data, "data: [DONE]\n\n");
  else if (last_kind == 2)
    n = sprintf(data,
                "data: "
                "{\"id\":\"chatcmpl-mock0123456789abcdefghijklm\",\"object\":\"chat.completion.chunk\","
                "\"created\":1760000000,\"model\":\"mock-model\",\"service_tier\":\"default\",\"system_"
                "fingerprint\":\"fp_mock000000\",\"choices\":[],\"usage\":{\"prompt_tokens\":112,"
                "\"completion_tokens\":86,\"total_tokens\":198}}\n\n");
  else if (last_kind == 1)
    n = sprintf(data,
                "data: "
                "{\"id\":\"chatcmpl-mock0123456789abcdefghijklm\",\"object\":\"chat.completion.chunk\","
                "\"created\":1760000000,\"model\":\"mock-model\",\"service_tier\":\"default\",\"system_"
                "fingerprint\":\"fp_mock000000\",\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,"
                "\"finish_reason\":\"stop\"}]}\n\n");
  else
    n = sprintf(data,
                "data: "
                "{\"id\":\"chatcmpl-mock0123456789abcdefghijklm\",\"object\":\"chat.completion.chunk\","
                "\"created\":1760000000,\"model\":\"mock-model\",\"service_tier\":\"default\",\"system_"
                "fingerprint\":\"fp_mock000000\",\"choices\":[{\"index\":0,\"delta\":{%s\"content\":\" "
                "tok%02d\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n",
                no == 0 ? "\"role\":\"assistant\"," : "", no % 100);
  (void)left;
  int h = sprintf(dst, "%x\r\n", n);
  memcpy(dst + h, data, n);
  memcpy(dst + h + n, "\r\n", 2);
  return h + n + 2;
}
static void output(Conn* c, const char* p, size_t n) {
  if (c->outlen + n > c->outcap) {
    c->outcap = (c->outlen + n) * 2;
    c->out = realloc(c->out, c->outcap);
  }
  memcpy(c->out + c->outlen, p, n);
  c->outlen += n;
}
static void cclose(Conn* c) {
  hdel(c);
  conns[c->fd] = NULL;
  close(c->fd);
  free(c->in);
  free(c->out);
  free(c);
}
static int flush_out(Conn* c) {  // 1 done, 0 blocked, -1 err
  while (c->outoff < c->outlen) {
    ssize_t w = send(c->fd, c->out + c->outoff, c->outlen - c->outoff, MSG_NOSIGNAL);
    if (w < 0) {
      if (errno == EAGAIN) {
        struct epoll_event e = {EPOLLIN | EPOLLOUT, {.fd = c->fd}};
        epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
        c->state = 2;
        return 0;
      }
      return -1;
    }
    c->outoff += w;
  }
  c->outoff = c->outlen = 0;
  return 1;
}
static int process(Conn* c);
static int step_stream(Conn* c) {  // emit chunks that are due; 0 ok, -1 closed
  char b[2048];
  for (;;) {
    if (c->chunks_left <= 0) break;
    size_t n = fmt_chunk(b, c->chunk_no, c->chunks_left, c->chunks_left == 1 ? 1 : 0);
    c->chunk_no++;
    c->chunks_left--;
    if (c->chunks_left == 0) {
      if (c->usage) n += fmt_chunk(b + n, 0, 0, 2);
      n += fmt_chunk(b + n, 0, 0, 3);
      memcpy(b + n, "0\r\n\r\n", 5);
      n += 5;
    }
    output(c, b, n);
    int r = flush_out(c);
    if (r < 0) {
      cclose(c);
      return -1;
    }
    if (r == 0) return 0;
    if (c->chunks_left == 0) break;
    if (c->interval_ns > 0) {
      long long t = now_ns();
      c->due += c->interval_ns;
      if (c->due < t - c->interval_ns) c->due = t;
      if (c->due > t) {
        c->state = 1;
        hpush(c);
        return 0;
      }
    }
  }
  c->state = 0;
  c->stream = 0;
  if (c->closing) {
    cclose(c);
    return -1;
  }
  return process(c);
}
static long long tag(const char* s, const char* e, char k, long long d) {  // finds -k<digits> inside [s,e)
  for (const char* p = s; p + 2 < e; p++)
    if (p[0] == '-' && p[1] == k && p[2] >= '0' && p[2] <= '9') return atoll(p + 2);
  return d;
}
static int start_reply(Conn* c) {  // after delay; 0 ok -1 closed
  if (c->stream) {
    output(c, stream_head, strlen(stream_head));
    c->due = now_ns();
    return step_stream(c);
  }
  output(c, resp_json, resp_len);
  int r = flush_out(c);
  if (r < 0) {
    cclose(c);
    return -1;
  }
  if (r == 0) return 0;
  c->state = 0;
  if (c->closing) {
    cclose(c);
    return -1;
  }
  return process(c);
}
static int process(Conn* c) {  // parse one request from c->in if complete; -1 closed
  if (c->state != 0) return 0;
  c->in[c->inlen] = 0;
  char* h = memmem(c->in, c->inlen, "\r\n\r\n", 4);
  if (!h) return 0;
  size_t hl = h - c->in + 4;
  size_t bl = 0;
  char* body = c->in + hl;
  size_t total;
  h[2] = 0;
  char* p;
  char* btmp = NULL;
  size_t bn = 0;
  int chunked = strcasestr(c->in, "transfer-encoding: chunked") != NULL ||
                strcasestr(c->in, "transfer-encoding:chunked") != NULL;
  int wantclose = strcasestr(c->in, "connection: close") != NULL;
  if (chunked) {
    size_t o = hl;
    btmp = malloc(c->inlen + 1);
    for (;;) {
      char* nl = memmem(c->in + o, c->inlen - o, "\r\n", 2);
      if (!nl) {
        free(btmp);
        h[2] = '\r';
        return 0;
      }
      size_t sz = strtoul(c->in + o, NULL, 16);
      size_t ds = nl - c->in + 2;
      if (ds + sz + 2 > c->inlen) {
        free(btmp);
        h[2] = '\r';
        return 0;
      }
      memcpy(btmp + bn, c->in + ds, sz);
      bn += sz;
      o = ds + sz + 2;
      if (sz == 0) break;
    }
    total = o;
    body = btmp;
    bl = bn;
    body[bl] = 0;
  } else {
    p = strcasestr(c->in, "content-length:");
    if (p) bl = strtoul(p + 15, NULL, 10);
    total = hl + bl;
    if (c->inlen < total) {
      if (strcasestr(c->in, "expect: 100-continue") && c->inlen == hl) {
        send(c->fd, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL);
      }
      h[2] = '\r';
      return 0;
    }
  }
  nreq++;
  int isget = !strncmp(c->in, "GET ", 4) || !strncmp(c->in, "HEAD", 4);
  long long delay = def_delay;
  c->interval_ns = def_interval;
  c->stream = 0;
  c->usage = 0;
  c->closing = wantclose;
  int nch = def_chunks;
  if (!isget && bl) {
    char* b = body;
    char* e = body + bl;
    char* m = memmem(b, bl, "\"model\"", 7);
    char sv = *e;
    *e = 0;
    if (m) {
      char* q = strchr(m + 7, '"');
      if (q) {
        char* q2 = strchr(q + 1, '"');
        if (q2) {
          delay = tag(q, q2, 'd', delay / 1000) * 1000;
          c->interval_ns = tag(q, q2, 'i', c->interval_ns / 1000) * 1000;
          nch = tag(q, q2, 'n', nch);
        }
      }
    }
    if ((m = strstr(b, "\"user\":"))) {
      char* q = strchr(m + 7, '"');
      if (q) {
        char* q2 = strchr(q + 1, '"');
        if (q2) {
          delay = tag(q, q2, 'd', delay / 1000) * 1000;
          c->interval_ns = tag(q, q2, 'i', c->interval_ns / 1000) * 1000;
          nch = tag(q, q2, 'n', nch);
        }
      }
    }
    char* s = strstr(b, "\"stream\"");
    if (s) {
      s += 8;
      while (*s == ' ' || *s == ':')
        s++;
      c->stream = *s == 't';
    }
    c->usage = strstr(b, "\"include_usage\"") && !strstr(b, "\"include_usage\":false");
    *e = sv;
  }
  if (btmp) free(btmp);
  memmove(c->in, c->in + total, c->inlen - total);
  c->inlen -= total;
  if (isget) {
    output(c, models, models_len);
    int r = flush_out(c);
    if (r < 0) {
      cclose(c);
      return -1;
    }
    return process(c);
  }
  c->chunks_left = nch;
  c->chunk_no = 0;
  if (delay > 0) {
    c->state = 1;
    c->due = now_ns() + delay;
    c->chunk_no = -1;
    hpush(c);
    return 0;
  }
  return start_reply(c);
}
int main(int ac, char** av) {
  signal(SIGPIPE, SIG_IGN);
  int port = ac > 1 ? atoi(av[1]) : 9100;
  for (int i = 2; i < ac; i++) {
    if (!strcmp(av[i], "--delay-us"))
      def_delay = atoll(av[++i]) * 1000;
    else if (!strcmp(av[i], "--chunks"))
      def_chunks = atoi(av[++i]);
    else if (!strcmp(av[i], "--interval-us"))
      def_interval = atoll(av[++i]) * 1000;
  }
  build();
  int ls = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  int one = 1;
  setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, 4);
  struct sockaddr_in a = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(ls, (void*)&a, sizeof a) || listen(ls, 4096)) {
    perror("bind");
    return 1;
  }
  ep = epoll_create1(0);
  struct epoll_event ev = {EPOLLIN, {.fd = ls}};
  epoll_ctl(ep, EPOLL_CTL_ADD, ls, &ev);
  struct epoll_event evs[512];
  for (;;) {
    struct timespec ts, *tp = NULL;
    if (hn) {
      long long d = heap[0]->due - now_ns();
      if (d < 0) d = 0;
      ts.tv_sec = d / 1000000000;
      ts.tv_nsec = d % 1000000000;
      tp = &ts;
    }
    int n = epoll_pwait2(ep, evs, 512, tp, NULL);
    if (hn) {
      long long t = now_ns();
      while (hn && heap[0]->due <= t) {
        Conn* c = heap[0];
        hdel(c);
        c->state = 0;
        if (c->chunk_no < 0) {
          c->chunk_no = 0;
          start_reply(c);
        } else
          step_stream(c);
      }
    }
    for (int i = 0; i < n; i++) {
      int fd = evs[i].data.fd;
      if (fd == ls) {
        for (;;) {
          int f = accept4(ls, NULL, NULL, SOCK_NONBLOCK);
          if (f < 0) break;
          if (f >= MAXFD) {
            close(f);
            continue;
          }
          setsockopt(f, IPPROTO_TCP, TCP_NODELAY, &one, 4);
          Conn* c = calloc(1, sizeof *c);
          c->fd = f;
          c->heap_idx = -1;
          c->incap = RBUF;
          c->in = malloc(RBUF + 1);
          conns[f] = c;
          struct epoll_event e = {EPOLLIN, {.fd = f}};
          epoll_ctl(ep, EPOLL_CTL_ADD, f, &e);
        }
        continue;
      }
      Conn* c = conns[fd];
      if (!c) continue;
      if (evs[i].events & EPOLLOUT) {
        int r = flush_out(c);
        if (r < 0) {
          cclose(c);
          continue;
        }
        if (r == 1) {
          struct epoll_event e = {EPOLLIN, {.fd = fd}};
          epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e);
          c->state = 0;
          int rr;
          if (c->stream)
            rr = step_stream(c);
          else
            rr = process(c);
          if (rr < 0) continue;
        }
      }
      if (evs[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        if (c->inlen + RBUF / 2 > c->incap) {
          c->incap *= 2;
          c->in = realloc(c->in, c->incap + 1);
        }
        ssize_t r = recv(fd, c->in + c->inlen, c->incap - c->inlen, 0);
        if (r <= 0) {
          if (r < 0 && errno == EAGAIN) continue;
          cclose(c);
          continue;
        }
        c->inlen += r;
        if (process(c) < 0) continue;
      }
    }
  }
}
