// One TCP flow: its accepted connection, the dial while there is one, then the relay. The stages do
// the work; the flow owns them, hands them their events and times, and decides when it is over.
//
// Owned by TcpFlows; its worker's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/timer_wheel.h"
#include "dial/tcp_dial.h"
#include "flow/dial_observer.h"
#include "flow/dns_connections.h"
#include "flow/flow_core.h"
#include "flow/flow_intake.h"
#include "flow/flow_records.h"
#include "flow/loop_guard.h"
#include "flow/server_first.h"
#include "loop/edge_poll.h"
#include "relay/peer_watch.h"
#include "relay/tcp_relay.h"

namespace weir {

class TcpFlows;

// The two watchers of a flow, as its bases: each knows the flow without a pointer to it.
class TcpClientWatcher : public EdgePoll::Watcher {
 public:
  void on_events(std::uint32_t events) final { on_client_events(events); }
  virtual void on_client_events(std::uint32_t events) = 0;

 protected:
  ~TcpClientWatcher() = default;
  EdgePoll::Watch client_watch_;
};
class TcpServerWatcher : public EdgePoll::Watcher {
 public:
  void on_events(std::uint32_t events) final { on_server_events(events); }
  virtual void on_server_events(std::uint32_t events) = 0;

 protected:
  ~TcpServerWatcher() = default;
  EdgePoll::Watch server_watch_;  // of the relay; the dial has its own
};

class TcpFlow final : private TcpDial::Owner,
                      private TimerWheel::Entry,
                      private TcpClientWatcher,
                      private TcpServerWatcher {
 public:
  // What a worker's TCP flows have in common; outlives them.
  struct Parts {
    DialParts dial;
    FlowIntake& intake;
    FlowRecords& records;
    TcpRelay::Shared& relay;
    // Of what is needed while dialling. Apart from the flows: malloc would put a later flow into
    // the room of an earlier one's dial, and what is left of it would serve neither.
    std::pmr::memory_resource& dials;
    DnsConnections& dns;
    ServerFirst& server_first;
    TcpFlows& all;  // it leaves them as it ends
  };
  TcpFlow(const Parts& parts, FlowCore core, Descriptor client);
  ~TcpFlow();
  TcpFlow(const TcpFlow&) = delete;
  TcpFlow& operator=(const TcpFlow&) = delete;

  // Its client's first bytes were waited for in vain: if its server speaks first, the next clients
  // need not be waited for. To be called before start().
  void learn_who_begins() { ending_.learns_who_begins = true; }
  // It may be over, and destroyed, when this returns.
  void start();

  [[nodiscard]] const FlowCore& core() const { return core_; }
  [[nodiscard]] FlowCore& core() { return core_; }
  [[nodiscard]] std::uint64_t bytes() const { return counted_.up + counted_.down; }
  std::unique_ptr<TcpFlow> chained;  // in TcpFlows::flows_

  [[nodiscard]] FlowRecord record() const;
  // Destroys it.
  void end(End why) { finish(why, std::nullopt, {}); }

 private:
  // What is needed until the connection stands.
  struct Dialling {
    Dialling(TcpFlow& flow, TcpDial::Owner& owner);
    DialObserver observer;
    TcpDial dial;
    std::uint32_t client_events = 0;  // what the client's socket was told meanwhile
    std::pmr::memory_resource& memory;
  };
  struct EndDialling {
    void operator()(Dialling* done) const {
      std::pmr::polymorphic_allocator<>(&done->memory).delete_object(done);
    }
  };
  // How long it took until it could begin; for its record; half an hour stands for more.
  struct Waited {
    std::int32_t connect_us = static_cast<std::int32_t>(FlowRecord::unknown);
    std::int32_t handshake_us = static_cast<std::int32_t>(FlowRecord::unknown);
  };
  // What the counters have of it, in bytes.
  struct Counted {
    std::uint64_t up = 0;
    std::uint64_t down = 0;
  };
  // Since when nothing has moved, and when it is time to see what follows from that.
  struct Quiet {
    PeerWatch peers;
    Instant since{};
    Instant deadline{};
  };
  // How far it has come towards its end.
  struct Ending {
    bool half_closed = false;
    bool learns_who_begins = false;
    // The side that has reset the connection; see pass_last_words().
    std::optional<TcpRelay::Progress> failed{};
  };

  void on_client_events(std::uint32_t events) override;
  void on_server_events(std::uint32_t events) override;
  void on_dialed(TcpDial::Outcome outcome) override;
  void learn_from_dial();
  void on_retry(const std::shared_ptr<Server>&) override;
  [[nodiscard]] std::string flow_id() const override {
    return parts_.dial.ids.text(core_.sequence);
  }
  void progress(TcpRelay::Progress state);
  void pass_last_words(Instant now);
  void finish_failed();
  bool count_bytes();  // true: some have moved
  void arm(Instant when);
  [[nodiscard]] Instant idle_until() const;
  void arm_next();
  void check_peers(Instant now);
  void on_deadline(Instant now) override;
  // Takes the flow out of the table, and so destroys it: nothing follows it.
  void finish(End why, std::optional<Reason> reason, std::string_view error);

  const Parts& parts_;
  FlowCore core_;
  Descriptor client_;  // until the relay has it
  Ending ending_;
  std::unique_ptr<Dialling, EndDialling> dialling_;
  std::optional<TcpRelay> relay_;
  std::unique_ptr<const std::string> path_;  // to its server, where that is a chain of them
  Waited waited_;
  Counted counted_;
  Quiet quiet_;
  Instant last_words_until_{};  // where a side has reset the connection
};

}  // namespace weir
