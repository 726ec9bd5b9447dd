// One TCP flow: its accepted connection, the dial while there is one, then the relay. The stages do
// the work; the flow owns them, hands them their events and times, and decides when it is over.
//
// Owned by TcpFlows. One worker's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/deadlines.h"
#include "base/descriptor.h"
#include "dial/tcp_dial.h"
#include "gateway/flow_core.h"
#include "gateway/flow_services.h"
#include "gateway/loop_guard.h"
#include "loop/edge_poll.h"
#include "relay/tcp_relay.h"

namespace weir {

class TcpFlows;

class TcpFlow final : private TcpDial::Owner, private Deadlines::Entry {
 public:
  TcpFlow(TcpFlows& all, FlowCore core, Descriptor client);
  ~TcpFlow() { services_.poll().forget(client_events_); }
  TcpFlow(const TcpFlow&) = delete;
  TcpFlow& operator=(const TcpFlow&) = delete;

  void start();

  [[nodiscard]] const FlowCore& core() const { return core_; }
  [[nodiscard]] FlowCore& core() { return core_; }
  [[nodiscard]] std::uint64_t bytes() const { return counted_up_ + counted_down_; }
  std::size_t place = 0;  // in TcpFlows::flows_

  [[nodiscard]] FlowRecord record() const;
  void end(End why) { finish(why, std::nullopt, {}); }

 private:
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
  void on_source_port_taken() override { services_.reasons().add(Reason::source_port_taken); }
  [[nodiscard]] std::string flow_id() const override { return services_.id_of(core_); }
  void on_socket_opened() override { services_.loop_guard().opened(dialled_socket()); }
  void on_socket_closed() override { services_.loop_guard().closed(dialled_socket()); }
  [[nodiscard]] LoopGuard::OwnSocket dialled_socket() const;
  void progress(TcpRelay::Progress state);
  void pass_last_words(Instant now);
  void finish_failed();
  void count_bytes();
  void arm(Instant when);
  void on_deadline(Instant now) override;
  void finish(End why, std::optional<Reason> reason, std::string_view error);

  TcpFlows& all_;
  FlowServices& services_;
  FlowCore core_;
  Descriptor client_;  // until the relay has it
  ClientEvents client_events_;
  ServerEvents server_events_;
  std::unique_ptr<TcpDial> dial_;
  std::optional<TcpRelay> relay_;
  std::int64_t connect_us_ = FlowRecord::unknown;
  std::int64_t handshake_us_ = FlowRecord::unknown;
  std::uint64_t counted_up_ = 0;
  std::uint64_t counted_down_ = 0;
  Instant last_activity_;
  Instant deadline_;
  Instant last_words_until_;
  std::optional<TcpRelay::Progress> failed_;  // a side has reset; see pass_last_words()
  std::uint32_t pending_client_events_ = 0;
  std::uint32_t pending_server_events_ = 0;
  bool half_closed_ = false;
  bool kept_alive_ = false;
  bool over_ = false;
};

}  // namespace weir
