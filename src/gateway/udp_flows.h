// The UDP flows of one worker: intercepted datagrams to the upstream side, answers back to the
// client from exactly the address it sent to, ICMP errors passed on, and the flows' ends.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/allowance.h"
#include "base/chained_table.h"
#include "base/datagram_batch.h"
#include "dial/outbound.h"
#include "gateway/answered_flows.h"
#include "gateway/flow_services.h"
#include "gateway/flow_view.h"
#include "gateway/handed_worker.h"
#include "gateway/kept_questions.h"
#include "gateway/refusals.h"
#include "gateway/source_addresses.h"
#include "gateway/spare_relays.h"
#include "gateway/udp_flow.h"
#include "intercept/udp_listener.h"
#include "relay/datagram_queue.h"
#include "relay/raw_sender.h"
#include "relay/reply_sockets.h"

namespace weir {

class UdpFlows final : private UdpRelay::Owner {
 public:
  UdpFlows(FlowServices& services, Port port, std::uint32_t bypass_mark);
  ~UdpFlows();

  // From the listeners.
  void on_datagrams(std::span<const InterceptedDatagram> datagrams);
  // From now on only the flows that live are served; datagrams of others are counted as refused.
  void take_no_new() { takes_new_ = false; }
  // From now on flows that open are served, and do not count as lasting().
  void expect_no_new() { is_late_ = true; }
  [[nodiscard]] std::size_t lasting() const { return flows_.size() - late_; }
  // Sends the answers gathered in this turn.
  void end_turn();
  // How many answers have been received since the call before; a run of a GSO sender is one.
  [[nodiscard]] DatagramBatch::Count take_answer_count() { return answers_.take_count(); }
  // How many datagrams have left in another's message since then.
  [[nodiscard]] std::uint64_t take_merged() {
    return to_servers_.take_merged() + to_clients_.take_merged();
  }

  // Destroys what has ended.
  void bury();

  // For a successor, see udp_handover.cc and udp_adoption.cc: everything about flows and sockets
  // that live; and forgets them without a word, once they are the successor's.
  void hand_over(HandedWorker& out);
  void let_go();
  // Goes on with another process's. `snapshot`: Snapshot::for_inherited of the worker's ways.
  void adopt(InheritedWorker from, const std::shared_ptr<const Snapshot>& snapshot);

  [[nodiscard]] std::size_t size() const { return flows_.size(); }
  void each(const Visit& visit) const;
  // Ends the flow of that number; false: there is none.
  bool end(std::uint64_t sequence, End why);
  void end_all(End end);

 private:
  friend class UdpSocket;
  friend class UdpFlow;

  // Hand on what the queues tell.
  struct Upwards final : DatagramQueue::Owner {
    explicit Upwards(UdpFlows& owner) : all(owner) {}
    void on_sent(DatagramQueue::Sender& flow, std::uint64_t datagrams,
                 std::uint64_t bytes) override;
    void on_not_sent(DatagramQueue::Sender& flow, std::uint64_t datagrams, int code) override;
    UdpFlows& all;
  };
  struct Downwards final : DatagramQueue::Owner {
    explicit Downwards(UdpFlows& owner) : all(owner) {}
    void on_sent(DatagramQueue::Sender& flow, std::uint64_t datagrams,
                 std::uint64_t bytes) override;
    void on_not_sent(DatagramQueue::Sender& flow, std::uint64_t datagrams, int code) override;
    UdpFlows& all;
  };
  struct FlowHash {
    std::uint64_t operator()(const Endpoint& client, const Endpoint& destination) const {
      return hash_of(client) ^ (hash_of(destination) * 0x9e3779b97f4a7c15U);
    }
    std::uint64_t operator()(const UdpFlow& flow) const {
      return operator()(flow.core.flow.client, flow.core.flow.destination);
    }
  };
  struct MappingHash {
    std::uint64_t operator()(const Endpoint& client, const Upstream* upstream) const {
      return hash_of(client) ^ std::hash<const void*>{}(upstream);
    }
    std::uint64_t operator()(const UdpSocket& socket) const {
      return operator()(socket.client, socket.rule->upstream.get());
    }
  };

  static constexpr std::size_t most_reply_sockets = 256;
  static constexpr Port dns_port = 53;

  // Finding; null: there is none.
  [[nodiscard]] UdpFlow* find(const Endpoint& client, const Endpoint& destination) const;
  [[nodiscard]] UdpSocket* find_mapping(const FlowCore& core) const;

  // Opening.
  UdpFlow* open(const InterceptedDatagram& datagram);
  UdpFlow* open_from_peer(UdpSocket& socket, const Endpoint& peer);
  UdpFlow* insert(FlowCore core, UdpSocket& socket, std::span<const Wrapping> wrappings);
  void wrap(UdpFlow& flow, std::span<const Wrapping> wrappings) const;
  UdpSocket* socket_for(FlowCore& core, Route& route);
  UdpSocket* relayed_socket(FlowCore& core, Route& route);
  UdpSocket* connected_socket(FlowCore& core, Route& route);
  UdpSocket* mapping(FlowCore& core, const Route& route);
  UdpSocket& enter(std::unique_ptr<UdpSocket> socket, const FlowCore& core);
  void share(UdpSocket& socket);
  UdpSocket* watch(std::unique_ptr<UdpSocket> fresh, Outbound& out, FlowCore& core);
  UdpSocket* adopt(std::unique_ptr<UdpSocket> fresh, Outbound& out, FlowCore& core);
  void refuse(const FlowCore& core, End end, Reason reason, std::string_view error);
  void refuse_socket(const FlowCore& core, int code, const char* step);

  // Through a relay.
  void on_relay_open(UdpSocket& socket) override;
  void on_relay_failed(UdpSocket& socket, TcpDial::Outcome outcome,
                       const std::string& error) override;
  void on_relay_ended(UdpSocket& socket, const std::string& error) override;
  void on_relay_unwanted(UdpSocket& socket) override;
  void learn_from_relay(FlowCore& core, const UdpSocket& socket) const;
  void follow_relay(UdpFlow& flow);

  // Through one that another flow needs no longer.
  [[nodiscard]] static std::optional<SpareRelays::Kind> kind_of(const FlowCore& core,
                                                                const Route& route);
  UdpSocket* spare_socket(FlowCore& core, const Route& route);
  void learn_kind(UdpSocket& socket, const Route& route);
  void offer_relay(UdpSocket& socket);
  static void withdraw_relay(UdpSocket& socket);
  [[nodiscard]] static bool is_late(const UdpSocket& socket, std::span<const std::uint8_t> answer);
  bool rest(UdpSocket& socket);
  void release_resting();

  // To another server.
  void keep_question(const UdpFlow& flow, const InterceptedDatagram& datagram);
  [[nodiscard]] bool is_left_behind(const UdpFlow& flow) const;
  bool end_left_behind(const Endpoint& client, const Endpoint& destination);
  bool ask_another(UdpFlow& flow);
  void move(UdpFlow& flow, const Route& route, std::unique_ptr<UdpSocket> fresh, Outbound& out);

  // Taking over.
  UdpSocket* adopt_socket(const takeover::SocketPart& part, const RuleEntry& rule,
                          const std::shared_ptr<const Snapshot>& snapshot, Descriptor socket,
                          Descriptor control);
  UdpFlow* adopt_flow(const takeover::FlowPart& part, UdpSocket& socket, FlowCore core);

  // Moving.
  void send_up(UdpFlow& flow, std::span<const std::uint8_t> payload, std::uint16_t segment);
  void flush_to_servers();
  void on_socket_events(UdpSocket& socket, std::uint32_t events);
  void receive(UdpSocket& socket);
  static void tune(UdpSocket& socket, std::size_t received);
  void answer(UdpSocket& socket, std::size_t slot);
  void answer_unwrapped(UdpSocket& socket, std::size_t slot);
  void send_down(UdpFlow& flow, std::span<const std::uint8_t> payload, std::uint16_t segment);
  void flush_answers();
  void read_icmp_errors(UdpSocket& socket);
  void unreachable(UdpFlow& flow, int code);
  void tell_unreachable(const Flow& flow, RawSender::Unreachable what);
  void sent_up(UdpFlow& flow, std::uint64_t datagrams, std::uint64_t bytes);
  void sent_down(UdpFlow& flow, std::uint64_t datagrams, std::uint64_t bytes);
  void not_sent_up(UdpFlow& flow, std::uint64_t datagrams, int code);
  void not_sent_down(std::uint64_t datagrams, int code);

  // Ending.
  [[nodiscard]] Instant due(const UdpFlow& flow) const;
  void note_answer(UdpFlow& flow);
  void note_question(UdpFlow& flow);
  void end_answered();
  void on_deadline(UdpFlow& flow, Instant now);
  void end(UdpFlow& flow, End why, std::string_view error);
  // The flow is over, and nothing of it is counted any more.
  void take_out(UdpFlow& flow);
  void release(UdpSocket& socket);
  [[nodiscard]] FlowRecord record(const UdpFlow& flow) const;

  FlowServices& services_;
  Port port_;
  Upwards upwards_{*this};
  Downwards downwards_{*this};
  DatagramQueue to_servers_{upwards_};
  DatagramQueue to_clients_{downwards_};
  DatagramBatch answers_;
  std::size_t answers_used_ = 0;
  bool takes_new_ = true;
  bool is_late_ = false;
  std::size_t late_ = 0;  // of flows_
  ReplySockets reply_sockets_;
  RawSender raw_;
  Allowance icmp_allowance_{1'000, 1'000};
  Refusals refusals_;
  SourceAddresses source_addresses_;
  SpareRelays spare_;  // of sockets_
  ChainedTable<UdpFlow, FlowHash> flows_;
  ChainedTable<UdpSocket, MappingHash> mappings_;  // those of sockets_ that serve any peer
  std::vector<std::unique_ptr<UdpSocket>> sockets_;
  AnsweredFlows answered_;
  KeptQuestions kept_questions_;
  std::uint64_t most_answered_ = UINT64_MAX;  // by the limits on those that joined in this turn
  std::vector<std::pair<UdpFlow*, int>> unreachable_;  // found while sending
  std::vector<std::unique_ptr<UdpFlow>> ended_;
  std::vector<std::unique_ptr<UdpSocket>> closed_;
  std::vector<std::unique_ptr<UdpRelay::Dialling>> finished_dials_;
};

}  // namespace weir
