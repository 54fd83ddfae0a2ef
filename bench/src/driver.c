// HTTP/1.1 load driver for chat completions: single-threaded epoll, keep-alive, closed loop or fixed rate.
//   driver --url http://127.0.0.1:PORT/PATH --body FILE [--key KEY] [-H 'k: v']... [-c CONNS] [-t SECS] [-n
//   REQS] [--rate R]
//       [--stream] [--expect STR] [--label L]
// Latency of a request: from the moment it was sent (fixed rate: from the moment it was due, so queueing
// counts) to the last byte of its answer. Stream: also the time to the first body byte, the number of "data:
// " lines, and [DONE] must come. At the end of the time nothing new is sent and what is in flight is waited
// for: "n" and the rate count the answers inside the time, "n_all" and the percentiles those after it too (so
// that CPU per request is taken over whole requests). Any status but 200, a missing --expect string (default
// "choices"), or a cut answer is an error. Prints one JSON line.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
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
typedef struct {
  int fd, state, connected;  // state 0 idle 1 sent
  char* buf;
  size_t len, cap;  // raw received not yet consumed
  int hdr_done, status, chunked, close_after, eof_body;
  long long clen;
  long long csz;
  int cstate;  // chunk state 0 size line,1 data,2 crlf after,3 trailer
  size_t body_seen;
  int data_lines, done_seen, exp_seen;
  char tail[64];
  int tlen;
  long long t0, tfirst;
  size_t woff;
} C;
static int ep;
static struct sockaddr_in addr;
static char* req;
static size_t reqlen;
static const char* expect = "\"choices\"";
static int stream = 0;
static long long *lat, *ttf;
static size_t nl = 0, cap = 0;
static unsigned long long errs = 0, bytes = 0, dlines = 0, reconn = 0;
static char ferr[400];
static long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}
static int cmp(const void* a, const void* b) {
  long long x = *(long long*)a, y = *(long long*)b;
  return x < y ? -1 : x > y;
}
static int dial(C* c) {
  c->fd = socket(AF_INET, SOCK_STREAM, 0);
  int one = 1;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, 4);
  if (connect(c->fd, (void*)&addr, sizeof addr)) {
    close(c->fd);
    c->fd = -1;
    return -1;
  }
  int fl = 1;
  (void)fl;
  struct epoll_event e = {EPOLLIN, {.ptr = c}};
  epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
  c->len = 0;
  return 0;
}
static void reset(C* c) {
  c->hdr_done = 0;
  c->status = 0;
  c->chunked = 0;
  c->clen = -1;
  c->cstate = 0;
  c->csz = 0;
  c->body_seen = 0;
  c->data_lines = 0;
  c->done_seen = 0;
  c->exp_seen = 0;
  c->tlen = 0;
  c->tfirst = 0;
  c->eof_body = 0;
  c->close_after = 0;
}
static int sendreq(C* c, long long t0) {
  for (int k = 0; k < 2; k++) {
    if (c->fd < 0 && dial(c)) {
      return -1;
    }
    reset(c);
    c->t0 = t0;
    ssize_t w = send(c->fd, req, reqlen, MSG_NOSIGNAL);
    if (w == (ssize_t)reqlen) {
      c->state = 1;
      return 0;
    }
    close(c->fd);
    c->fd = -1;
    reconn++;
  }
  return -1;
}
static void scan(C* c, const char* p, size_t n) {  // body bytes
  if (!n) return;
  if (!c->tfirst) c->tfirst = now_ns();
  c->body_seen += n;
  bytes += n;
  char win[64 + 1];  // overlap for patterns cut across reads
  static char big[1 << 20];
  size_t m = c->tlen;
  if (m + n > sizeof big - 1) {
    n = sizeof big - 1 - m;
  }
  memcpy(big, c->tail, m);
  memcpy(big + m, p, n);
  size_t L = m + n;
  (void)win;
  if (stream) {
    char* q = big;
    char* e = big + L;
    while ((q = memmem(q, e - q, "data: ", 6))) {
      if (q + 6 > big + m) c->data_lines++;
      q += 6;
    }
    if (!c->done_seen && memmem(big, L, "[DONE]", 6)) c->done_seen = 1;
  }
  if (!c->exp_seen && memmem(big, L, expect, strlen(expect))) c->exp_seen = 1;
  int keep = L < 32 ? L : 32;  // longest pattern < 32; a pattern wholly inside the tail is counted once
                               // because of the q+6>big+m test
  memcpy(c->tail, big + L - keep, keep);
  c->tlen = keep;
}
static int feed(C* c) {  // 1 complete, 0 more, -1 bad
  for (;;) {
    if (!c->hdr_done) {
      char* h = memmem(c->buf, c->len, "\r\n\r\n", 4);
      if (!h) return 0;
      *h = 0;
      c->status = atoi(c->buf + 9);
      if (c->status == 100) {
        size_t k = h - c->buf + 4;
        memmove(c->buf, c->buf + k, c->len - k);
        c->len -= k;
        continue;
      }
      c->chunked = strcasestr(c->buf, "transfer-encoding: chunked") != NULL;
      char* p = strcasestr(c->buf, "content-length:");
      if (p) c->clen = atoll(p + 15);
      c->close_after = strcasestr(c->buf, "connection: close") != NULL;
      if (!c->chunked && c->clen < 0) c->eof_body = 1;
      if (c->status != 200 && !ferr[0]) snprintf(ferr, sizeof ferr, "%.380s", c->buf);
      size_t k = h - c->buf + 4;
      memmove(c->buf, c->buf + k, c->len - k);
      c->len -= k;
      c->hdr_done = 1;
      if (c->status != 200 && strlen(ferr) < 300 && c->len)
        snprintf(ferr + strlen(ferr), sizeof ferr - strlen(ferr), " | %.*s",
                 (int)(c->len < 150 ? c->len : 150), c->buf);
    }
    if (c->chunked) {
      size_t o = 0;
      int fin = 0;
      for (;;) {
        if (c->cstate == 0) {
          char* q = memmem(c->buf + o, c->len - o, "\r\n", 2);
          if (!q) break;
          c->csz = strtoll(c->buf + o, NULL, 16);
          o = q - c->buf + 2;
          c->cstate = c->csz ? 1 : 3;
        } else if (c->cstate == 1) {
          size_t a = c->len - o;
          if (!a) break;
          size_t k = a < (size_t)c->csz ? a : (size_t)c->csz;
          scan(c, c->buf + o, k);
          o += k;
          c->csz -= k;
          if (c->csz) break;
          c->cstate = 2;
        } else if (c->cstate == 2) {
          if (c->len - o < 2) break;
          o += 2;
          c->cstate = 0;
        } else {
          char* q = memmem(c->buf + o, c->len - o, "\r\n", 2);
          if (!q) break;
          int empty = (q == c->buf + o);
          o = q - c->buf + 2;
          if (empty) {
            fin = 1;
            break;
          }
        }
      }
      memmove(c->buf, c->buf + o, c->len - o);
      c->len -= o;
      return fin;
    }
    if (c->eof_body) {
      scan(c, c->buf, c->len);
      c->len = 0;
      return 0;
    }
    {
      long long left = c->clen - c->body_seen;
      size_t k = c->len < (size_t)left ? c->len : (size_t)left;
      scan(c, c->buf, k);
      memmove(c->buf, c->buf + k, c->len - k);
      c->len -= k;
      return (long long)c->body_seen >= c->clen;
    }
  }
}
static void finish(C* c, int ok) {
  long long t = now_ns();
  int good = ok && c->status == 200 && c->exp_seen && (!stream || c->done_seen);
  if (!good) {
    errs++;
    if (!ferr[0])
      snprintf(ferr, sizeof ferr, "status %d exp %d done %d ok %d body %zu", c->status, c->exp_seen,
               c->done_seen, ok, c->body_seen);
  } else {
    if (nl == cap) {
      cap = cap ? cap * 2 : 65536;
      lat = realloc(lat, cap * 8);
      ttf = realloc(ttf, cap * 8);
    }
    lat[nl] = t - c->t0;
    ttf[nl] = (c->tfirst ? c->tfirst : t) - c->t0;
    nl++;
    dlines += c->data_lines;
  }
  c->state = 0;
  if (c->close_after || !ok) {
    close(c->fd);
    c->fd = -1;
    c->len = 0;
  }
}
int main(int ac, char** av) {
  signal(SIGPIPE, SIG_IGN);
  char *url = NULL, *bodyf = NULL, *key = NULL, *label = "";
  char hd[4096] = "";
  int nc = 1;
  double secs = 5;
  long long maxn = -1;
  double rate = 0;
  for (int i = 1; i < ac; i++) {
    char* a = av[i];
    if (!strcmp(a, "--url"))
      url = av[++i];
    else if (!strcmp(a, "--body"))
      bodyf = av[++i];
    else if (!strcmp(a, "--key"))
      key = av[++i];
    else if (!strcmp(a, "-H")) {
      strcat(hd, av[++i]);
      strcat(hd, "\r\n");
    } else if (!strcmp(a, "-c"))
      nc = atoi(av[++i]);
    else if (!strcmp(a, "-t"))
      secs = atof(av[++i]);
    else if (!strcmp(a, "-n"))
      maxn = atoll(av[++i]);
    else if (!strcmp(a, "--rate"))
      rate = atof(av[++i]);
    else if (!strcmp(a, "--stream"))
      stream = 1;
    else if (!strcmp(a, "--expect"))
      expect = av[++i];
    else if (!strcmp(a, "--label"))
      label = av[++i];
    else {
      fprintf(stderr, "bad arg %s\n", a);
      return 2;
    }
  }
  char host[64];
  int port;
  char path[512];
  if (!url || !bodyf || sscanf(url, "http://%63[^:]:%d%511s", host, &port, path) != 3) {
    fprintf(stderr, "need --url http://IP:PORT/PATH --body FILE\n");
    return 2;
  }
  if (strcmp(host, "127.0.0.1")) {
    fprintf(stderr, "loopback only\n");
    return 2;
  }
  FILE* f = fopen(bodyf, "rb");
  if (!f) {
    perror(bodyf);
    return 2;
  }
  static char body[4 << 20];
  size_t bl = fread(body, 1, sizeof body, f);
  fclose(f);
  req = malloc(bl + 8192);
  int hl = sprintf(req,
                   "POST %s HTTP/1.1\r\nHost: %s:%d\r\nUser-Agent: OpenAI/Python 2.8.0\r\nAccept: "
                   "%s\r\nAccept-Encoding: identity\r\nContent-Type: application/json\r\nX-Stainless-Lang: "
                   "python\r\nX-Stainless-Package-Version: 2.8.0\r\n",
                   path, host, port, stream ? "text/event-stream, application/json" : "application/json");
  if (key) hl += sprintf(req + hl, "Authorization: Bearer %s\r\n", key);
  hl += sprintf(req + hl, "%sContent-Length: %zu\r\n\r\n", hd, bl);
  memcpy(req + hl, body, bl);
  reqlen = hl + bl;
  addr.sin_family = AF_INET;
  addr.sin_port = htons(port);
  inet_pton(AF_INET, host, &addr.sin_addr);
  ep = epoll_create1(0);
  C* cs = calloc(nc, sizeof *cs);
  int* idle = malloc(nc * 4);
  int ni = 0;
  for (int i = 0; i < nc; i++) {
    cs[i].fd = -1;
    cs[i].cap = 1 << 17;
    cs[i].buf = malloc(cs[i].cap + 1);
    if (dial(&cs[i])) {
      fprintf(stderr, "connect failed\n");
      return 3;
    }
  }
  long long start = now_ns(), end = start + (long long)(secs * 1e9);
  long long issued = 0;
  int inflight = 0;
  double per = rate > 0 ? 1e9 / rate : 0;
  long long backlog_max = 0;
  if (rate <= 0) {
    for (int i = 0; i < nc; i++) {
      if (maxn >= 0 && issued >= maxn) break;
      if (!sendreq(&cs[i], now_ns())) {
        issued++;
        inflight++;
      } else
        errs++;
    }
  } else
    for (int i = 0; i < nc; i++)
      idle[ni++] = i;
  struct epoll_event evs[256];
  long long last = start;
  int closed = 0;
  size_t n_end = 0;
  for (;;) {
    long long t = now_ns();
    if (t >= end && !closed) {
      closed = 1;
      n_end = nl;
    }
    if (t >= end && (t >= end + 15000000000LL || !inflight)) break;
    if (maxn >= 0 && issued >= maxn && !inflight) break;
    if (rate > 0) {
      while (ni) {
        long long due = start + (long long)(issued * per);
        if (due > t || due >= end || (maxn >= 0 && issued >= maxn)) break;
        C* c = &cs[idle[--ni]];
        if (sendreq(c, due)) {
          errs++;
          idle[ni++] = c - cs;
          issued++;
          break;
        }
        issued++;
        inflight++;
        if (t - due > backlog_max) backlog_max = t - due;
      }
    }
    struct timespec ts;
    long long w = end - t;
    if (w < 0) w = 50000000;
    if (rate > 0 && ni) {
      long long due = start + (long long)(issued * per);
      long long d = due - t;
      if (d < 0) d = 0;
      if (d < w) w = d;
    }
    if (w > 200000000) w = 200000000;
    ts.tv_sec = w / 1000000000;
    ts.tv_nsec = w % 1000000000;
    int n = epoll_pwait2(ep, evs, 256, &ts, NULL);
    for (int i = 0; i < n; i++) {
      C* c = evs[i].data.ptr;
      if (c->fd < 0) continue;
      ssize_t r = recv(c->fd, c->buf + c->len, c->cap - c->len, MSG_DONTWAIT);
      if (r < 0 && errno == EAGAIN) continue;
      int fin = 0, ok = 1;
      if (r <= 0) {
        if (c->state == 1) {
          if (c->hdr_done && c->eof_body) {
            fin = 1;
            ok = 1;
          } else {
            fin = 1;
            ok = 0;
          }
          c->close_after = 1;
        } else {
          close(c->fd);
          c->fd = -1;
          reconn++;
          continue;
        }
      } else {
        c->len += r;
        if (c->state == 0) {
          c->len = 0;
          continue;
        }
        int k = feed(c);
        if (k)
          fin = 1;
        else if (c->len == c->cap) {
          fin = 1;
          ok = 0;
        }
      }
      if (fin) {
        finish(c, ok);
        inflight--;
        last = now_ns();
        if (rate > 0)
          idle[ni++] = c - cs;
        else if (now_ns() < end && (maxn < 0 || issued < maxn)) {
          if (!sendreq(c, now_ns())) {
            issued++;
            inflight++;
          } else {
            errs++;
            if (errs > 1000) {
              fprintf(stderr, "too many errors\n");
              goto out;
            }
          }
        }
      }
    }
    if (errs > 5000) break;
  }
out:;
  if (!closed) n_end = nl;
  double el = maxn >= 0 && !closed ? (last - start) / 1e9 : secs;
  double mean = 0;
  for (size_t i = 0; i < nl; i++)
    mean += lat[i];
  if (nl) mean /= nl;
  qsort(lat, nl, 8, cmp);
  qsort(ttf, nl, 8, cmp);
#define P(a, q) (nl ? a[(size_t)((nl - 1) * (q))] / 1e3 : 0)
  for (char* p = ferr; *p; p++)
    if (*p == '"' || *p == '\\')
      *p = '\'';
    else if ((unsigned char)*p < 32)
      *p = ' ';
  printf(
      "{\"label\":\"%s\",\"c\":%d,\"n\":%zu,\"n_all\":%zu,\"errors\":%llu,\"secs\":%.4f,\"rps\":%.1f,\"mean_"
      "us\":%.1f,\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f,\"ttfb_p50_"
      "us\":%.1f,\"ttfb_p90_us\":%.1f,\"ttfb_p99_us\":%.1f,\"data_lines\":%llu,\"bytes\":%llu,\"reconnects\":"
      "%llu,\"backlog_max_us\":%.1f,\"first_error\":\"%s\"}\n",
      label, nc, n_end, nl, errs, el, n_end / el, mean / 1e3, P(lat, .5), P(lat, .9), P(lat, .99),
      P(lat, .999), P(lat, 1), P(ttf, .5), P(ttf, .9), P(ttf, .99), dlines, bytes, reconn, backlog_max / 1e3,
      ferr);
  return errs > 0 && nl == 0;
}
