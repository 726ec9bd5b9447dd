// A handshake is what has to be said on a connection before payload: SOCKS5, HTTP CONNECT, a PROXY
// header. It is sans-I/O: bytes come in, bytes go out, and it ends as done or failed. It owns no
// socket, no timer and no clock, so it can be tested byte by byte and strung together: a chain of
// proxies is a list of handshakes, each spoken through what the ones before it opened.
//
// Owned by a hop of a route; serves one attempt to connect. One thread: a worker's, or the main
// thread for probes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "weir/endpoint.h"

namespace weir {

// What a handshake may tell the server about the flow it opens.
struct Opening {
  std::string_view flow_id;  // the `id` of the flow's record
};

class Handshake {
 public:
  enum class State : std::uint8_t { waiting, done, failed };
  // What a failure is blamed on: the server itself, or the target behind it, which could not be
  // reached. Only the first counts against the server. `request`: one of the two, since the server
  // was well until it heard the request; it is the target's while no other target meets with it.
  enum class Fault : std::uint8_t { server, request, target };

  struct Progress {
    State state = State::waiting;
    // How many of the received bytes were the handshake's. Waiting takes them all; when done, what
    // is left belongs to the next handshake or to the flow.
    std::size_t consumed = 0;
  };

  Handshake() = default;
  virtual ~Handshake() = default;
  Handshake(const Handshake&) = delete;
  Handshake& operator=(const Handshake&) = delete;

  // Appends what is to be sent first. Done at once when no answer is expected.
  [[nodiscard]] virtual State start(const Opening& opening, std::string& out) = 0;

  // What came in; appends what is to be sent next. REQUIRES: waiting.
  [[nodiscard]] virtual Progress receive(std::string_view in, std::string& out) = 0;

  // The server knows the target, and its answer is awaited: if it says nothing or hangs up, that
  // may be about the target.
  [[nodiscard]] virtual bool is_requesting() const { return false; }

  // Where the server relays datagrams, once a handshake that asked for it is done; an unspecified
  // address means the server's own.
  [[nodiscard]] virtual Endpoint relay() const { return {}; }

  // Of one that failed: a phrase, and what it is blamed on.
  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] Fault fault() const { return fault_; }

 protected:
  Progress fail(std::string error, Fault fault = Fault::server) {
    error_ = std::move(error);
    fault_ = fault;
    return {State::failed, 0};
  }

 private:
  std::string error_;
  Fault fault_ = Fault::server;
};

}  // namespace weir
