// The server-side sockets of one worker: opened towards a server or as a mapping, shared by a
// client's flows, watched, renewed, and closed when they serve no flow any more.
//
// One per worker, in its UdpPath; its thread.
#pragma once

#include <deque>
#include <memory>

#include "account/reason.h"
#include "base/socket_calls.h"
#include "base/timer_wheel.h"
#include "dial/free_ports.h"
#include "dial/outbound.h"
#include "flow/admission.h"
#include "flow/egress_choice.h"
#include "flow/loop_guard.h"
#include "flow/udp/mappings.h"
#include "flow/udp/paths.h"
#include "flow/udp/udp_flow.h"
#include "loop/edge_poll.h"

namespace weir {

class ServerSockets {
 public:
  struct Parts {
    EdgePoll& poll;
    TimerWheel& timers;
    Admission& admission;
    LoopGuard& loop_guard;
    Reasons& reasons;
    EgressChoice& egress;
    Paths& paths;
    Mappings& mappings;
    const SocketCalls& calls;
    const Instant& now;
    UdpOwner& owner;
  };
  explicit ServerSockets(const Parts& parts) : parts_(parts) {}
  ~ServerSockets() { clear(); }
  ServerSockets(const ServerSockets&) = delete;
  ServerSockets& operator=(const ServerSockets&) = delete;

  struct Opened {
    UdpSocket* socket = nullptr;  // null: see `error`
    int error = 0;                // errno of the step that failed
    const char* step = "";
    bool is_full = false;  // no descriptor is left for it
  };
  // A socket of this flow alone. Where one server cannot be reached others are tried; `route`: how
  // the last one was.
  Opened connected(FlowCore& core, Route& route);
  // One that any of the client's flows by that egress may use: there is one, or it is opened.
  Opened mapping(FlowCore& core, Route& route);
  // Like connected(), for a flow that leaves its socket for another server; without further tries.
  Opened instead(FlowCore& core, const Route& route);
  // For a relay, which has a connection, too; opened by attach() when the relay stands.
  Opened reserve(const FlowCore& core);
  Opened attach(UdpSocket& socket, const Flow& flow, const Route& route);
  // Of another process; watched. Null: it cannot be.
  UdpSocket* adopt(std::unique_ptr<UdpSocket> socket, Descriptor descriptor);

  // Opens the socket anew, on its port if that can be had. False: it stays what it is.
  bool replace(UdpSocket& socket, const Flow& flow, const Route& route);

  // Keeps a mapping that has no flow any more, if it is to be parked. False: it is not.
  [[nodiscard]] bool park(UdpSocket& socket);
  void release_parked();
  // Closes it and destroys it. REQUIRES: no flow has it.
  void release(UdpSocket& socket);
  [[nodiscard]] const std::deque<std::unique_ptr<UdpSocket>>& all() const { return all_; }
  // Destroys them all without a word.
  void clear();

 private:
  static constexpr std::size_t max_parked = 1024;

  UdpSocket& enter(std::unique_ptr<UdpSocket> socket);
  UdpSocket& enter(const FlowCore& core);
  Opened open_for(FlowCore& core, Outbound& out, const Route& route);
  void count_taken_port(const Outbound& out);

  Parts parts_;
  FreePorts free_ports_ = FreePorts::of_kernel();
  std::deque<std::unique_ptr<UdpSocket>> all_;
};

}  // namespace weir
