// The relay that a server opened for one server-side UDP socket (SOCKS5's UDP ASSOCIATE, RFC 1928,
// section 7): the TCP connection that it lives by, and what waits until it is open.
//
// The first datagram makes it dial; datagrams that come before the server has answered are kept, a
// few of them. When the connection ends, so does the relay, and with it its flows. One that a DNS
// flow needs no longer may serve others (relay_pool.h).
//
// Owned by the UdpSocket; its worker's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "dial/tcp_dial.h"
#include "flow/dial_observer.h"
#include "flow/flow_core.h"
#include "flow/loop_guard.h"
#include "flow/udp/pending_queries.h"
#include "flow/udp/relay_pool.h"
#include "flow/udp/waiting_datagrams.h"
#include "loop/edge_poll.h"

namespace weir {

class UdpFlow;
class UdpSocket;

class UdpRelay final : private TcpDial::Owner, private EdgePoll::Watcher {
 public:
  class Owner {
   public:
    // The server relays for us; the socket may be opened.
    virtual void on_relay_open(UdpSocket& socket) = 0;
    // It will not, or no longer.
    virtual void on_relay_failed(UdpSocket& socket, TcpDial::Outcome outcome,
                                 const std::string& error) = 0;
    virtual void on_relay_ended(UdpSocket& socket, const std::string& error) = 0;
    // It was in the pool, and no flow took it.
    virtual void on_relay_unwanted(UdpSocket& socket) = 0;

   protected:
    ~Owner() = default;
  };

  // To be dialled for that flow.
  UdpRelay(Owner& owner, const DialParts& parts, UdpSocket& of, const FlowCore& core);
  // To be inherited.
  UdpRelay(Owner& owner, const DialParts& parts, UdpSocket& of)
      : socket(of), owner_(owner), parts_(parts) {}
  ~UdpRelay();
  UdpRelay(const UdpRelay&) = delete;
  UdpRelay& operator=(const UdpRelay&) = delete;

  // The peer of the connection, and how it was reached.
  struct Peer {
    Endpoint remote;
    std::shared_ptr<Server> server;
    std::uint32_t attempts = 0;
    std::string path;  // empty: the server's name does
  };
  [[nodiscard]] Peer peer() const;

  // What other flows need to go on with it.
  struct Lease final : RelayPool::Member {
    Lease(UdpRelay& lent, RelayPool::Key to, Instant at_most)
        : relay(lent), key(std::move(to)), until(at_most) {}
    void on_expired() override { relay.owner_.on_relay_unwanted(relay.socket); }

    UdpRelay& relay;
    RelayPool::Key key;
    Instant until;  // after that no flow begins with it
    PendingQueries<16> queries;
    bool has_served = false;  // another flow than the present one
  };

  UdpSocket& socket;  // whose datagrams go through it
  std::vector<UdpFlow*> flows;
  WaitingDatagrams waiting;  // until it is open
  // Null: it is its flow's alone.
  std::unique_ptr<Lease> lease;

  // No flow uses it for now: the server no longer counts it.
  void release_server() { peer_.server.reset(); }
  // Another flow uses it from now on, whose route chose `server`.
  void go_on_with(std::shared_ptr<Server> server);

  // What is known of a relay that another process opened.
  struct Inherited {
    Descriptor control;
    Endpoint endpoint;
    Endpoint local;
    Endpoint server;
    std::uint32_t mtu = 0;
    std::uint8_t generation = 0;  // LoopGuard's
  };
  // Goes on with it, instead of start(). False when the kernel refuses.
  [[nodiscard]] bool adopt(Inherited from);
  // What a flow of an inherited one knows of the way; `path`: the one in its records.
  void learn(const FlowCore& core, std::string path);

  // What is needed until it is open, and then no more: there may be thousands.
  struct Dialling {
    Dialling(UdpRelay& relay, const FlowCore& core);
    Flow flow;
    const Upstream& upstream;
    DialObserver observer;
    std::string flow_id;
    TcpDial dial;
  };
  // To be called from on_relay_open().
  void finish_dialling() { dialling_.reset(); }
  // Before that.
  [[nodiscard]] const TcpDial& dial() const { return dialling_->dial; }

  // Takes the route that the flow got; later attempts ask for their own. What is known at once is
  // returned, and not told to the owner.
  [[nodiscard]] TcpDial::Outcome start(Route first);
  // Ends the connection, without telling.
  void close();

  // The connection that it lives by, and what that leads to.
  struct Connection {
    Descriptor control;
    EdgePoll::Watch watch;
    LoopGuard::OwnSocket own;
    Endpoint endpoint;      // where datagrams go
    std::uint32_t mtu = 0;  // largest IP packet on the way there, in bytes; 0: unknown
  };
  [[nodiscard]] bool is_open() const { return connection_.control.valid(); }
  // Once it is open.
  [[nodiscard]] const Connection& connection() const { return connection_; }
  // Its events are another process's from now on.
  void stop_watching() { parts_.poll.remove(connection_.watch, connection_.control.get()); }

 private:
  void on_dialed(TcpDial::Outcome outcome) override;
  void on_retry(const std::shared_ptr<Server>& failed) override;
  [[nodiscard]] std::string flow_id() const override;
  void on_events(std::uint32_t events) override;

  void opened();
  [[nodiscard]] bool is_elsewhere() const;

  Owner& owner_;
  const DialParts& parts_;  // outlive it
  std::unique_ptr<Dialling> dialling_;
  Connection connection_;
  Peer peer_;  // once there is no more dialling
};

}  // namespace weir
