// One TCP flow: its accepted connection, the dial while there is one, then the relay. The stages do
// the work; the flow owns them, hands them their events and times, and decides when it is over.
//
// Owned by TcpFlows; its worker's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/deadlines.h"
#include "base/descriptor.h"
#include "dial/tcp_dial.h"
#include "flow/flow_core.h"
#include "flow/loop_guard.h"
#include "flow/own_sockets.h"
#include "loop/edge_poll.h"
#include "relay/peer_watch.h"
#include "relay/tcp_relay.h"

namespace weir {

class TcpFlows;

class TcpFlow final : private TcpDial::Owner, private Deadlines::Entry {
 public:
  TcpFlow(TcpFlows& all, FlowCore core, Descriptor client);
  ~TcpFlow();
  TcpFlow(const TcpFlow&) = delete;
  TcpFlow& operator=(const TcpFlow&) = delete;

  // It may be over, and destroyed, when this returns.
  void start();

  [[nodiscard]] const FlowCore& core() const { return core_; }
  [[nodiscard]] FlowCore& core() { return core_; }
  [[nodiscard]] std::uint64_t bytes() const { return counted_up_ + counted_down_; }
  std::unique_ptr<TcpFlow> chained;  // in TcpFlows::flows_

  [[nodiscard]] FlowRecord record() const;
  // Destroys it.
  void end(End why) { finish(why, std::nullopt, {}); }

 private:
  // What is needed until the connection stands.
  struct Dialling {
    Dialling(TcpFlow& flow, TcpDial::Owner& owner);
    OwnSockets own_sockets;
    TcpDial dial;
  };
  struct ClientEvents final : EdgePoll::Watcher {
    explicit ClientEvents(TcpFlow& owner) : flow(owner) {}
    void on_events(std::uint32_t events) override { flow.on_client_events(events); }
    TcpFlow& flow;
  };
  struct ServerEvents final : EdgePoll::Watcher {
    explicit ServerEvents(TcpFlow& owner) : flow(owner) {}
    void on_events(std::uint32_t events) override { flow.on_server_events(events); }
    TcpFlow& flow;
  };

  void on_client_events(std::uint32_t events);
  void on_server_events(std::uint32_t events);
  void on_dialed(TcpDial::Outcome outcome) override;
  void learn_from_dial();
  void on_retry(const std::shared_ptr<Server>&) override;
  [[nodiscard]] std::string flow_id() const override { return parts_.services.id_of(core_); }
  void progress(TcpRelay::Progress state);
  void pass_last_words(Instant now);
  void finish_failed();
  void count_bytes();
  void arm(Instant when);
  void arm_next();
  void look_after_peers(Instant now);
  void on_deadline(Instant now) override;
  // Takes the flow out of the table, and so destroys it: nothing follows it.
  void finish(End why, std::optional<Reason> reason, std::string_view error);

  TcpFlows& all_;
  const DialParts& parts_;
  FlowCore core_;
  Descriptor client_;  // until the relay has it
  ClientEvents client_events_;
  ServerEvents server_events_;
  EdgePoll::Watch client_watch_;
  EdgePoll::Watch server_watch_;  // of the relay; the dial has its own
  std::unique_ptr<Dialling> dialling_;
  std::optional<TcpRelay> relay_;
  PeerWatch peers_;
  std::int64_t connect_us_ = FlowRecord::unknown;
  std::int64_t handshake_us_ = FlowRecord::unknown;
  std::uint64_t counted_up_ = 0;
  std::uint64_t counted_down_ = 0;
  Instant last_activity_;
  Instant deadline_;
  Instant last_words_until_;
  std::optional<TcpRelay::Progress> failed_;  // a side has reset; see pass_last_words()
  std::uint32_t pending_client_events_ = 0;
  bool half_closed_ = false;
};

}  // namespace weir
