// Client to server: sends the datagrams of a listener's batch, each behind what its flow's route
// puts before the payload, and keeps what becomes of them.
//
// What sending finds out about a server may end flows, and nothing may end while the batch is being
// sent: it is told to the owner when the batch has left.
//
// One per worker, in its UdpPath; its thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "account/reason.h"
#include "base/socket_calls.h"
#include "flow/udp/flow_table.h"
#include "flow/udp/paths.h"
#include "flow/udp/udp_flow.h"
#include "flow/udp/widths.h"
#include "relay/datagram_queue.h"

namespace weir {

class Sender final : private DatagramQueue::Owner {
 public:
  struct Parts {
    const FlowTable& flows;
    Reasons& reasons;
    Paths& paths;
    Widths& widths;
    const SocketCalls& calls;
    const Instant& now;
    UdpOwner& owner;
  };
  explicit Sender(const Parts& parts) : parts_(parts) {}

  // Queues one datagram, or several of `segment` bytes each, which live until flush(); one for a
  // relay that is not open yet waits there.
  void send(UdpFlow& flow, std::span<const std::uint8_t> payload, std::uint16_t segment,
            std::uint8_t tos);
  // Sends what is queued, and tells what that has found out.
  void flush();
  // The flow is about to go.
  void forget(const UdpFlow& flow) { queue_.forget(flow); }

  // How many datagrams have left in another's message since the call before.
  [[nodiscard]] std::uint64_t take_merged() { return queue_.take_merged(); }

 private:
  struct Failure {
    FlowTable::Known flow;
    int code;
  };

  void send_encapsulated(UdpFlow& flow, std::span<const std::uint8_t> payload, std::size_t step,
                         DatagramQueue::Marking marking);
  void on_sent(DatagramQueue::Sender& sender, std::uint64_t datagrams,
               std::uint64_t bytes) override;
  void on_not_sent(DatagramQueue::Sender& sender, std::uint64_t datagrams, int code) override;
  void note_unreachable(const UdpFlow& flow, std::uint64_t datagrams, int code);

  Parts parts_;
  DatagramQueue queue_{*this, parts_.calls};
  std::vector<Failure> unreachable_;
  std::vector<Failure> without_route_;  // the router itself has no route
};

}  // namespace weir
