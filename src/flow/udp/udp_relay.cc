#include "flow/udp/udp_relay.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "dial/outbound.h"
#include "flow/udp/udp_flow.h"

namespace weir {

UdpRelay::Dialling::Dialling(UdpRelay& relay, const FlowCore& core)
    : flow(core.flow),
      upstream(*core.rule->upstream),
      observer(relay.parts_, core.generation),
      flow_id(relay.parts_.ids.text(core.sequence)),
      dial({observer, relay.parts_.poll, relay.parts_.timers, core.snapshot->bypass(),
            core.snapshot->configuration().timeouts.connect,
            core.snapshot->configuration().timeouts.handshake, relay.parts_.calls},
           flow, upstream, static_cast<TcpDial::Owner&>(relay),
           static_cast<EdgePoll::Watcher&>(relay)) {}

UdpRelay::UdpRelay(Owner& owner, const DialParts& parts, UdpSocket& of, const FlowCore& core)
    : socket(of),
      owner_(owner),
      parts_(parts),
      dialling_(std::make_unique<Dialling>(*this, core)) {}

UdpRelay::~UdpRelay() { parts_.poll.cancel(connection_.watch); }

TcpDial::Outcome UdpRelay::start(Route first) { return dialling_->dial.start(std::move(first)); }

UdpRelay::Peer UdpRelay::peer() const {
  if (!dialling_) {
    return peer_;
  }
  const Route& route = dialling_->dial.route();
  return {.remote = route.remote,
          .server = route.server,
          .attempts = dialling_->dial.attempts(),
          .path = route.first_hop ? path_of(route, dialling_->upstream.name()) : ""};
}

bool UdpRelay::adopt(Inherited from) {
  connection_.own =
      DialObserver::known({.local = from.local, .remote = from.server}, from.generation);
  connection_.control = std::move(from.control);
  connection_.endpoint = from.endpoint;
  connection_.mtu = from.mtu;
  peer_.remote = from.server;
  parts_.loop_guard.opened(connection_.own);
  connection_.watch = parts_.poll.add(connection_.control.get(), *this);
  return static_cast<bool>(connection_.watch);
}

void UdpRelay::learn(const FlowCore& core, std::string path) {
  peer_.server = core.server;
  peer_.attempts = core.attempts;
  peer_.path = std::move(path);
}

void UdpRelay::go_on_with(std::shared_ptr<Server> server) {
  peer_.server = std::move(server);
  peer_.attempts = 1;
  lease->has_served = true;
}

void UdpRelay::close() {
  if (lease) {
    lease->leave();
  }
  static_cast<void>(waiting.take());
  if (connection_.control.valid()) {
    parts_.loop_guard.closed(connection_.own);
    connection_.control.reset();
  } else if (dialling_) {
    dialling_->dial.abandon();
  }
}

void UdpRelay::on_dialed(TcpDial::Outcome outcome) {
  if (outcome != TcpDial::Outcome::connected) {
    const std::string error = dialling_->dial.error();  // the dial ends with its flows
    owner_.on_relay_failed(socket, outcome, error);
    return;
  }
  opened();
  if (is_elsewhere()) {
    parts_.reasons.add(Reason::relay_elsewhere);
    owner_.on_relay_failed(socket, TcpDial::Outcome::handshake_failed,
                           "the server's relay, " + connection_.endpoint.text() +
                               ", is not at the server's address (relay = any would use it)");
    return;
  }
  owner_.on_relay_open(socket);
}

// Whether the server sends us to others, and may not. A relay anywhere could be a host behind this
// router, which takes what comes from the router for the router's own.
bool UdpRelay::is_elsewhere() const {
  const Route& route = dialling_->dial.route();
  const Address& relay = connection_.endpoint.address;
  if (route.hops.back().relay == RelayPlace::anywhere || relay == peer_.remote.address) {
    return false;
  }
  const AddressSet known = route.server ? route.server->addresses() : AddressSet();
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (relay == known[i]) {
      return false;
    }
  }
  return true;
}

void UdpRelay::opened() {
  TcpDial& dial = dialling_->dial;
  peer_ = peer();
  connection_.own = dialling_->observer.known(dial.ends());
  connection_.endpoint = dial.route().hops.back().handshake->relay();
  TcpDial::Taken taken = dial.take_socket();
  connection_.control = std::move(taken.socket);
  connection_.watch = taken.watch;
  // An unspecified address means the server's own. So does a loopback address of another machine:
  // here it would be this machine's.
  const Address& server = peer_.remote.address;
  if (connection_.endpoint.address.is_unspecified() ||
      (connection_.endpoint.address.is_loopback() && !server.is_loopback())) {
    connection_.endpoint.address = server;
  }
  // The end of the connection may have come with the server's answer.
  parts_.poll.reschedule(connection_.watch, EPOLLIN);
  connection_.mtu = mtu_of(connection_.control.get(), peer_.remote.family());
}

// The connection carries nothing any more; the relay ends with it.
void UdpRelay::on_events(std::uint32_t events) {
  if (!connection_.control.valid()) {
    if (dialling_) {
      dialling_->dial.on_events(events);
    }
    return;
  }
  // In one turn: a server that never stops talking must not hold up the others.
  constexpr int max_reads = 4;
  constexpr std::size_t max_bytes = std::size_t{1024} * 1024;
  for (int i = 0; i < max_reads; ++i) {
    const ssize_t size =
        recv(connection_.control.get(), nullptr, max_bytes, MSG_TRUNC | MSG_DONTWAIT);
    if (size > 0) {
      continue;
    }
    if (size < 0 && errno == EAGAIN) {
      return;
    }
    owner_.on_relay_ended(
        socket, size == 0 ? "the server closed the relay's connection"
                          : std::string("the relay's connection: ") + std::strerror(errno));
    return;
  }
  parts_.poll.reschedule(connection_.watch, EPOLLIN);
}

void UdpRelay::on_retry(const std::shared_ptr<Server>&) { parts_.reasons.add(Reason::retried); }
std::string UdpRelay::flow_id() const { return dialling_->flow_id; }

}  // namespace weir
