// The listeners of one worker: what they bring goes to its flows, and what goes wrong with them is
// counted.
//
// Part of the Worker; its thread.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "account/reason.h"
#include "base/datagram_batch.h"
#include "base/log.h"
#include "base/timer_wheel.h"
#include "flow/tcp_flows.h"
#include "flow/udp/udp_path.h"
#include "intercept/listeners.h"
#include "intercept/tcp_listener.h"
#include "intercept/udp_listener.h"
#include "loop/edge_poll.h"

namespace weir {

class WorkerListeners {
 public:
  struct Parts {
    EdgePoll& poll;
    TimerWheel& timers;
    Reasons& reasons;
    Log& log;
    TcpFlows& tcp;
    UdpPath& udp;
  };
  explicit WorkerListeners(const Parts& parts) : parts_(parts) {}

  void listen(Listeners listeners);
  // Refuses new connections from now on; or only once those that wait by now are taken.
  void close_tcp();
  void finish_tcp();
  // Closes all of them.
  void close();
  // The same; nothing is left of them.
  void clear();

  // Their descriptors, first TCP, then UDP. REQUIRES: not closed.
  [[nodiscard]] std::vector<int> descriptors() const;
  [[nodiscard]] std::size_t tcp_count() const { return tcp_.size(); }
  [[nodiscard]] std::size_t udp_count() const { return udp_.size(); }

  // How many datagrams have come since the call before.
  [[nodiscard]] DatagramBatch::Count take_count() { return batch_.take_count(); }

 private:
  [[nodiscard]] std::unique_ptr<TcpListener> tcp(Descriptor socket);
  [[nodiscard]] std::unique_ptr<UdpListener> udp(Descriptor socket);

  Parts parts_;
  DatagramBatch batch_;
  std::vector<std::unique_ptr<TcpListener>> tcp_;
  std::vector<std::unique_ptr<UdpListener>> udp_;
};

}  // namespace weir
