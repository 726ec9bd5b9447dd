// Serves the admin API over HTTP/1.1 on one listening socket, Unix or TCP. libmicrohttpd parses and
// writes; it runs inside our loop (its epoll descriptor is watched like any other) and has no
// thread. A request whose answer needs the workers is put aside until that answer comes.
//
// Clients are bounded in every way: connections at once, size of a request, memory of answers that
// no client reads, time without progress; over TCP also connections from one address. Those beyond
// the bound on connections wait in the socket's backlog. Bounds are each listener's own: a client
// that fills one does not shut out those of the other.
//
// AdminServer has one for the control socket, and one for admin.http. Main thread. The only place
// that includes <microhttpd.h>.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "admin/api.h"
#include "admin/control.h"
#include "admin/history.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "loop/loop.h"
#include "weir/result.h"
#include "weir/units.h"

namespace weir {

struct AdminLimits {
  unsigned connections = 64;
  unsigned connections_per_address = 8;                      // over TCP
  std::size_t request_bytes = std::size_t{64} * 1024;        // of a body
  std::size_t answer_bytes = std::size_t{64} * 1024 * 1024;  // of all answers being sent
  std::chrono::seconds idle{10};                             // a connection without progress
  Milliseconds answer{60'000};                               // until `control` has answered
};

class HttpListener {
 public:
  // All of it outlives the listener.
  struct Setup {
    Loop& loop;
    Control& control;
    const History& history;
    Log& log;
    const AdminLimits& limits;
    const std::vector<std::string>& hosts;  // that admin.http may be asked by
  };
  // `socket` listens already, and does not block.
  static Result<std::unique_ptr<HttpListener>> start(const Setup& setup, Descriptor socket,
                                                     Access access);
  // Requests that wait for an answer get 503. What `control` still answers later goes nowhere.
  ~HttpListener();
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;

 private:
  struct State;
  explicit HttpListener(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weir
