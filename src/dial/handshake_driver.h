// Speaks a route's handshakes, one after the other, on a connected socket: sends what they say,
// hands them what comes, and leaves in the socket whatever they did not take, for the relay to
// read. Knows no loop: the owner calls it when the socket is ready, and keeps the time.
//
// Received bytes are looked at before they are taken (MSG_PEEK), so that payload glued to the last
// answer never passes through here.
//
// Owned by a TcpDial or a Probe, once connected; its thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "weir/handshake.h"
#include "weir/route.h"

namespace weir {

class HandshakeDriver {
 public:
  enum class State : std::uint8_t { waiting, done, failed };

  // `hops` and `flow_id` outlive this. REQUIRES: at least one hop.
  HandshakeDriver(std::span<const Hop> hops, std::string_view flow_id)
      : hops_(hops), opening_{.flow_id = flow_id} {}

  // Begins, or goes on: sends and receives until it would block, or it is over.
  State advance(int fd);

  // Of one that failed: the hop, the phrase, and what it is blamed on.
  [[nodiscard]] std::size_t hop() const { return hop_; }
  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] Handshake::Fault fault() const { return fault_; }
  // What it is blamed on if nothing more is heard.
  [[nodiscard]] Handshake::Fault silence() const;

 private:
  enum class Sent : std::uint8_t { all, some, failed };

  State begin_hops();
  State receive(int fd);
  Sent send(int fd);
  State fail(std::string error, Handshake::Fault fault = Handshake::Fault::server);

  std::span<const Hop> hops_;
  Opening opening_;
  std::size_t hop_ = 0;
  bool begun_ = false;  // the current hop's start() was called
  std::string out_;
  std::string error_;
  Handshake::Fault fault_ = Handshake::Fault::server;
};

}  // namespace weir
