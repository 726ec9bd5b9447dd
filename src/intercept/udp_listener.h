// Takes the datagrams that the firewall's TPROXY rule sends to weir's port, many per system call,
// with the original destination from the control message.
//
// One per family and worker. Level-triggered: a flood is taken in bounded batches, in turn with
// everything else. With UDP_GRO one buffer can carry several datagrams of one sender, which then
// also leave together.
//
// Owned by the worker; its thread.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/datagram_batch.h"
#include "base/descriptor.h"
#include "loop/edge_poll.h"
#include "weir/endpoint.h"
#include "weir/flow.h"
#include "weir/result.h"

namespace weir {

// One datagram, or several of `segment` bytes each (the last may be shorter). Lives until the
// handler returns.
struct InterceptedDatagram {
  Endpoint client;
  Endpoint destination;
  std::uint32_t interface = 0;
  std::uint16_t segment = 0;      // 0: one datagram
  std::uint8_t tos = 0;           // DSCP and ECN
  bool was_in_fragments = false;  // IPv6 only
  std::uint32_t mark = 0;  // the packet's, as the firewall set it; 0 where the kernel tells none
  std::span<const std::uint8_t> payload;

  // What a flow that it opens is known by.
  [[nodiscard]] Flow flow() const {
    return {.protocol = Protocol::udp,
            .client = client,
            .destination = destination,
            .interface = interface};
  }
  // Of each of its datagrams, in bytes.
  [[nodiscard]] std::size_t width() const { return segment != 0 ? segment : payload.size(); }
};

class UdpListener final : public EdgePoll::Watcher {
 public:
  struct Handler {
    std::function<void(std::span<const InterceptedDatagram>)> on_datagrams;
    std::function<void()> on_no_destination;  // a datagram without the control message was dropped
    std::function<void()> on_truncated;       // MSG_TRUNC or MSG_CTRUNC: dropped
    // The kernel dropped them, because the worker did not come in time. Known with the next
    // datagram that arrives.
    std::function<void(std::uint32_t datagrams)> on_dropped;
  };

  static Result<Descriptor> open(Family family, Port port);
  // What open() sets, on a socket that another process has bound.
  [[nodiscard]] static bool prepare(int fd, Family family);

  // `batch` is the worker's, used by all its listeners in turn.
  UdpListener(EdgePoll& poll, Descriptor socket, DatagramBatch& batch, Handler handler);
  ~UdpListener() { close(); }
  UdpListener(const UdpListener&) = delete;
  UdpListener& operator=(const UdpListener&) = delete;

  void on_events(std::uint32_t events) override;
  void close();
  [[nodiscard]] int descriptor() const { return socket_.get(); }

 private:
  EdgePoll& poll_;
  Descriptor socket_;
  EdgePoll::Watch watch_;
  DatagramBatch& batch_;
  Handler handler_;
  std::vector<InterceptedDatagram> datagrams_;
  std::uint32_t dropped_ = 0;  // as the kernel last said
};

}  // namespace weir
