// UDP flows through relays that a server opens for them (SOCKS5's UDP ASSOCIATE).
//
// A flow through a relay exists before its socket does: the relay's connection is dialled first, in
// whose family the socket has to be. Until then datagrams wait with the relay.
//
// DNS flows go on with a relay which another flow needs no longer: one whose queries are answered
// (it ends then, before its second is over), or one that has ended. Without this a query through a
// SOCKS5 server waits for three round trips to that server before it leaves, and costs a
// connection.
//
// One per worker, in its UdpPath; its thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "flow/admission.h"
#include "flow/dial_observer.h"
#include "flow/udp/encapsulation.h"
#include "flow/udp/icmp_replies.h"
#include "flow/udp/paths.h"
#include "flow/udp/relay_pool.h"
#include "flow/udp/sender.h"
#include "flow/udp/server_sockets.h"
#include "flow/udp/udp_flow.h"
#include "flow/udp/udp_relay.h"

namespace weir {

class Relays final : private UdpRelay::Owner {
 public:
  struct Parts {
    DialParts dial;
    const Admission& admission;
    ServerSockets& sockets;
    Mappings& mappings;
    Paths& paths;
    const Encapsulation& encapsulation;
    Sender& sender;
    IcmpReplies& icmp;
    const Instant& now;
    UdpOwner& owner;
  };
  explicit Relays(const Parts& parts) : parts_(parts), pool_(parts.dial.timers) {}

  // The socket of a flow that the route sends through a relay: of one that stands, or of one that
  // is dialled. Null, and why: it cannot be.
  struct Opened {
    UdpSocket* socket = nullptr;
    int error = 0;  // errno, where the socket failed; else the dial did, and so:
    const char* step = "";
    TcpDial::Outcome outcome = TcpDial::Outcome::connecting;
    std::string words = {};
    std::string path = {};  // to the server, where that is a chain of them
  };
  Opened open(FlowCore& core, Route& route);
  // Of another process. False when the kernel refuses to watch the connection.
  [[nodiscard]] bool adopt(UdpSocket& socket, UdpRelay::Inherited from);

  // The flow goes through its socket's relay; or does so no longer.
  void join(UdpFlow& flow);
  void leave(UdpFlow& flow);
  // What a flow of that relay knows of its route.
  static void learn(FlowCore& core, const UdpSocket& socket);

  // Offers the relay to other flows, if its flow's queries are answered; takes the offer back.
  void offer(UdpSocket& socket);
  static void withdraw(UdpSocket& socket);
  // Which flow's query a relay's answer is to: the relay may have served other flows before. An
  // answer ends its query.
  enum class Asker : std::uint8_t { present_flow, former_flow };
  [[nodiscard]] static Asker match_answer(const UdpSocket& socket,
                                          std::span<const std::uint8_t> answer);
  // Keeps the relay of a flow that is over for the next one. False: it is not for others.
  [[nodiscard]] bool park(UdpSocket& socket);
  // Closes parked relays and parked mappings.
  void release_parked();

  // Whether what its connection is bound to is gone. The connection is not opened anew, because the
  // server knows of no relay on another one: the relay ends with it.
  [[nodiscard]] bool is_stale(const UdpSocket& socket);
  // The relay and its flows are over.
  void end(UdpSocket& socket, const std::string& error) { on_relay_ended(socket, error); }

 private:
  void on_relay_open(UdpSocket& socket) override;
  void on_relay_failed(UdpSocket& socket, TcpDial::Outcome outcome,
                       const std::string& error) override;
  void on_relay_ended(UdpSocket& socket, const std::string& error) override;
  void on_relay_unwanted(UdpSocket& socket) override { parts_.sockets.release(socket); }

  UdpSocket* take_available(FlowCore& core, const Route& route);
  void learn_key(UdpSocket& socket, const Route& route);
  static void note_member(UdpSocket& socket);
  void follow(UdpFlow& flow);
  void note_asked(UdpFlow& flow);

  Parts parts_;
  RelayPool pool_;
};

}  // namespace weir
