// Server to client: reads what servers answer and sends it to the clients, from exactly the address
// that each has sent to. The answers of a whole turn are gathered from all server-side sockets and
// sent at its end, because they come from many sockets but leave through few.
//
// One per worker, in its UdpPath; its thread.
#pragma once

#include <cstdint>
#include <span>

#include "account/reason.h"
#include "base/datagram_batch.h"
#include "base/log.h"
#include "base/socket_calls.h"
#include "flow/clients.h"
#include "flow/dns_lookups.h"
#include "flow/udp/flow_table.h"
#include "flow/udp/lingering.h"
#include "flow/udp/peer_flows.h"
#include "flow/udp/udp_flow.h"
#include "flow/udp/widths.h"
#include "loop/edge_poll.h"
#include "relay/datagram_queue.h"
#include "relay/raw_sender.h"
#include "relay/reply_sockets.h"

namespace weir {

class Replier final : private DatagramQueue::Owner {
 public:
  struct Parts {
    const FlowTable& flows;
    EdgePoll& poll;
    Clients& clients;
    Reasons& reasons;
    Log& log;
    PeerFlows& peers;
    Widths& widths;
    Lingering& lingering;
    DnsLookups& lookups;
    const SocketCalls& calls;
    const Instant& now;
    UdpOwner& owner;
  };
  Replier(const Parts& parts, std::uint32_t mark);

  // Reads what the socket has, so many datagrams at the most; the rest in the next turn. An error
  // of a connected socket may end its flow, and so the socket.
  void receive(UdpSocket& socket);
  // Reads the ICMP errors of a socket that serves several peers. Ends flows, so that the caller
  // holds the socket.
  void read_errors(UdpSocket& socket);
  // The same of one through a relay: what the relay's own host says, as errno; 0: nothing.
  [[nodiscard]] int read_relay_errors(UdpSocket& socket);

  // Sends what is gathered.
  void flush();

  // How many answers have been received since the call before; a run of a GSO sender is one.
  [[nodiscard]] DatagramBatch::Count take_count() { return batch_.take_count(); }
  // How many have left in another's message since then.
  [[nodiscard]] std::uint64_t take_merged() { return queue_.take_merged(); }

  // Addresses, routes or links changed.
  void network_changed(const Surroundings* surroundings);
  // Closes the sockets that answer clients.
  void close() { reply_sockets_.clear(); }

 private:
  static constexpr std::size_t max_reply_sockets = 256;

  void take(UdpSocket& socket, std::size_t slot);
  void take_decoded(UdpSocket& socket, std::size_t slot);
  void note_answers(UdpFlow& flow, std::span<const std::uint8_t> payload, std::uint16_t segment);
  void send(UdpFlow& flow, std::span<const std::uint8_t> payload, std::uint16_t segment,
            std::uint8_t tos);
  void on_raw(const Endpoint& destination, int code);
  void count_sent(UdpFlow& flow, std::uint64_t datagrams, std::uint64_t bytes);
  void count_lost(std::uint64_t datagrams, int code);
  void on_sent(DatagramQueue::Sender& sender, std::uint64_t datagrams,
               std::uint64_t bytes) override;
  void on_not_sent(DatagramQueue::Sender& sender, std::uint64_t datagrams, int code) override;

  Parts parts_;
  DatagramBatch batch_{parts_.calls};
  std::size_t used_ = 0;  // slots of batch_ that wait in queue_, or are being looked at
  DatagramQueue queue_{*this, parts_.calls};
  ReplySockets reply_sockets_;
  RawSender raw_;
};

}  // namespace weir
