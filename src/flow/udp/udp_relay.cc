#include "flow/udp/udp_relay.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "dial/outbound.h"
#include "flow/udp/udp_flow.h"

namespace weir {
namespace {

constexpr std::size_t most_kept = 64;
constexpr std::size_t most_kept_bytes = std::size_t{128} * 1024;

}  // namespace

UdpRelay::Dialling::Dialling(UdpRelay& relay, const FlowCore& core)
    : flow(core.flow),
      upstream(*core.rule->upstream),
      own_sockets(relay.parts_, core.generation),
      flow_id(relay.parts_.services.id_of(core)),
      dial({own_sockets, relay.parts_.poll, relay.parts_.deadlines, core.snapshot->bypass(),
            core.snapshot->timeouts().connect, core.snapshot->timeouts().handshake},
           flow, upstream, static_cast<TcpDial::Owner&>(relay),
           static_cast<EdgePoll::Watcher&>(relay)) {}

UdpRelay::UdpRelay(Owner& owner, const DialParts& parts, UdpSocket& socket, const FlowCore& core)
    : owner_(owner),
      parts_(parts),
      socket_(socket),
      dialling_(std::make_unique<Dialling>(*this, core)) {}

UdpRelay::~UdpRelay() { parts_.poll.cancel(watch_); }

TcpDial::Outcome UdpRelay::start(Route first) { return dialling_->dial.start(std::move(first)); }

UdpRelay::Way UdpRelay::way() const {
  if (!dialling_) {
    return way_;
  }
  const Route& route = dialling_->dial.route();
  return {.remote = route.remote,
          .server = route.server,
          .attempts = dialling_->dial.attempts(),
          .path = route.dialled ? path_of(route, dialling_->upstream.name()) : ""};
}

bool UdpRelay::adopt(Inherited from) {
  own_ = OwnSockets::known({.local = from.local, .remote = from.server}, from.generation);
  control_ = std::move(from.control);
  endpoint_ = from.endpoint;
  mtu_ = from.mtu;
  way_.remote = from.server;
  parts_.loop_guard.opened(own_);
  watch_ = parts_.poll.add(control_.get(), *this);
  return static_cast<bool>(watch_);
}

void UdpRelay::learn(const FlowCore& core) {
  way_.server = core.server;
  way_.attempts = core.attempts;
  way_.path = core.path ? *core.path : "";
}

void UdpRelay::go_on_with(std::shared_ptr<Server> server) {
  way_.server = std::move(server);
  way_.attempts = 1;
  lending->has_served = true;
}

void UdpRelay::close() {
  if (lending) {
    lending->leave();
  }
  kept_.clear();
  kept_bytes_ = 0;
  if (control_.valid()) {
    parts_.loop_guard.closed(own_);
    control_.reset();
  } else if (dialling_) {
    dialling_->dial.abandon();
  }
}

bool UdpRelay::keep(UdpFlow& flow, std::span<const std::uint8_t> payload, std::uint16_t segment,
                    std::uint8_t tos) {
  if (kept_.size() >= most_kept || kept_bytes_ + payload.size() > most_kept_bytes) {
    return false;
  }
  kept_bytes_ += payload.size();
  kept_.push_back({&flow,
                   std::string(reinterpret_cast<const char*>(payload.data()), payload.size()),
                   segment, tos});
  return true;
}

void UdpRelay::forget(const UdpFlow& flow) {
  std::erase_if(kept_, [&](const Kept& kept) {
    const bool goes = kept.flow == &flow;
    kept_bytes_ -= goes ? kept.payload.size() : 0;
    return goes;
  });
  std::erase(flows, &flow);
}

std::uint64_t UdpRelay::kept_of(const UdpFlow& flow) const {
  return static_cast<std::uint64_t>(std::count_if(
      kept_.begin(), kept_.end(), [&](const Kept& kept) { return kept.flow == &flow; }));
}

void UdpRelay::on_dialed(TcpDial::Outcome outcome) {
  if (outcome != TcpDial::Outcome::connected) {
    const std::string error = dialling_->dial.error();  // the dial ends with its flows
    owner_.on_relay_failed(socket_, outcome, error);
    return;
  }
  opened();
  if (is_elsewhere()) {
    parts_.reasons.add(Reason::relay_elsewhere);
    owner_.on_relay_failed(socket_, TcpDial::Outcome::handshake_failed,
                           "the server's relay, " + endpoint_.text() +
                               ", is not at the server's address (relay = any would use it)");
    return;
  }
  owner_.on_relay_open(socket_);
}

// Whether the server sends us to others, and may not. A relay anywhere could be a host behind this
// router, which takes what comes from the router for the router's own.
bool UdpRelay::is_elsewhere() const {
  const Route& route = dialling_->dial.route();
  const Address& relay = endpoint_.address;
  if (route.hops.back().relay == RelayPlace::anywhere || relay == way_.remote.address) {
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
  way_ = way();
  own_ = dialling_->own_sockets.known(dial.ends());
  endpoint_ = dial.route().hops.back().handshake->relay();
  TcpDial::Taken taken = dial.take_socket();
  control_ = std::move(taken.socket);
  watch_ = taken.watch;
  // An unspecified address means the server's own. So does a loopback address of another machine:
  // here it would be this machine's.
  const Address& server = way_.remote.address;
  if (endpoint_.address.is_unspecified() ||
      (endpoint_.address.is_loopback() && !server.is_loopback())) {
    endpoint_.address = server;
  }
  // The end of the connection may have come with the server's answer.
  parts_.poll.again(watch_, EPOLLIN);
  mtu_ = mtu_of(control_.get(), way_.remote.family());
}

// The connection carries nothing any more; the relay ends with it.
void UdpRelay::on_events(std::uint32_t events) {
  if (!control_.valid()) {
    if (dialling_) {
      dialling_->dial.on_events(events);
    }
    return;
  }
  // In one turn: a server that never stops talking must not hold up the others.
  constexpr int most_reads = 4;
  constexpr std::size_t most_bytes = std::size_t{1024} * 1024;
  for (int i = 0; i < most_reads; ++i) {
    const ssize_t size = recv(control_.get(), nullptr, most_bytes, MSG_TRUNC | MSG_DONTWAIT);
    if (size > 0) {
      continue;
    }
    if (size < 0 && errno == EAGAIN) {
      return;
    }
    owner_.on_relay_ended(
        socket_, size == 0 ? "the server closed the relay's connection"
                           : std::string("the relay's connection: ") + std::strerror(errno));
    return;
  }
  parts_.poll.again(watch_, EPOLLIN);
}

void UdpRelay::on_retry(const std::shared_ptr<Server>&) { parts_.reasons.add(Reason::retried); }
std::string UdpRelay::flow_id() const { return dialling_->flow_id; }

}  // namespace weir
