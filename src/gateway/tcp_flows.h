// The TCP flows of one worker: accepted by the rules and limits, kept while they live, and buried
// at the end of the turn in which they end.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "dial/tcp_dial.h"
#include "gateway/flow_services.h"
#include "gateway/flow_view.h"
#include "gateway/tcp_flow.h"
#include "intercept/tcp_listener.h"
#include "relay/tcp_relay.h"

namespace weir {

class TcpFlows {
 public:
  // `port`: weir's own, which no flow may be going to on this machine.
  TcpFlows(FlowServices& services, Port port);
  ~TcpFlows();

  void accept(Accepted accepted);

  // limits.buffer of the configuration in force.
  void limit_buffer(std::uint64_t bytes) { shared_.most_stashed = bytes; }

  [[nodiscard]] std::size_t size() const { return flows_.size(); }
  void each(const Visit& visit) const;
  // Ends the flow of that number; false: there is none.
  bool end(std::uint64_t sequence, End why);
  // Ends every flow.
  void end_all(End end);

  // What has moved as bulk since the call before, in bytes.
  [[nodiscard]] std::uint64_t take_bulk_bytes() { return std::exchange(shared_.bulk_bytes, 0); }

  // Destroys what ended in this turn.
  void bury();

 private:
  friend class TcpFlow;

  void refuse(const FlowCore& core, Descriptor& client, End end, std::string_view error);
  void ended(TcpFlow& flow);

  FlowServices& services_;
  Port port_;
  PipePool pipes_;
  std::unique_ptr<std::uint8_t[]> buffer_;
  TcpRelay::Shared shared_;
  std::vector<std::unique_ptr<TcpFlow>> flows_;
  std::vector<std::unique_ptr<TcpFlow>> ended_;
  std::vector<std::unique_ptr<TcpDial>> raced_;  // connected, their losers not yet forgotten
};

}  // namespace weir
