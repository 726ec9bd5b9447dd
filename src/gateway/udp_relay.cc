#include "gateway/udp_relay.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "gateway/udp_flow.h"

namespace weir {
namespace {

constexpr std::size_t most_kept = 64;
constexpr std::size_t most_kept_bytes = std::size_t{128} * 1024;

std::uint32_t mtu_of(int fd, Family family) {
  int mtu = 0;
  socklen_t length = sizeof mtu;
  const int level = family == Family::v4 ? SOL_IP : SOL_IPV6;
  const int name = family == Family::v4 ? IP_MTU : IPV6_MTU;
  return getsockopt(fd, level, name, &mtu, &length) == 0 ? static_cast<std::uint32_t>(mtu) : 0;
}

}  // namespace

UdpRelay::UdpRelay(Owner& owner, FlowServices& services, UdpSocket& socket, const FlowCore& core)
    : owner_(owner),
      services_(services),
      socket_(socket),
      flow_(core.flow),
      own_sockets_(services, core.generation),
      flow_id_(services.id_of(core)),
      dial_({own_sockets_, services.poll(), services.deadlines(), core.snapshot->bypass(),
             core.snapshot->timeouts().connect, core.snapshot->timeouts().handshake},
            flow_, *core.rule->upstream, static_cast<TcpDial::Owner&>(*this),
            static_cast<EdgePoll::Watcher&>(*this)) {}

UdpRelay::~UdpRelay() { services_.poll().forget(*this); }

TcpDial::Outcome UdpRelay::start(Route first) { return dial_.start(std::move(first)); }

bool UdpRelay::adopt(Inherited from) {
  control_ = std::move(from.control);
  endpoint_ = from.endpoint;
  mtu_ = from.mtu;
  own_ = own_sockets_.known({.local = from.local, .remote = from.way.remote});
  inherited_ = std::make_unique<Inherited>(std::move(from));
  services_.loop_guard().opened(own_);
  return services_.poll().add(control_.get(), *this);
}

void UdpRelay::learn(const FlowCore& core) {
  inherited_->way.server = core.server;
  inherited_->attempts = core.attempts;
  inherited_->path = core.path ? *core.path : "";
}

void UdpRelay::close() {
  kept_.clear();
  if (control_.valid()) {
    services_.loop_guard().closed(own_);
    control_.reset();
  } else {
    dial_.abandon();
  }
}

bool UdpRelay::keep(UdpFlow& flow, std::span<const std::uint8_t> payload, std::uint16_t segment) {
  if (kept_.size() >= most_kept || kept_bytes_ + payload.size() > most_kept_bytes) {
    return false;
  }
  kept_bytes_ += payload.size();
  kept_.push_back(
      {&flow, std::string(reinterpret_cast<const char*>(payload.data()), payload.size()), segment});
  return true;
}

void UdpRelay::forget(const UdpFlow& flow) {
  std::erase_if(kept_, [&](const Kept& kept) { return kept.flow == &flow; });
  std::erase(flows, &flow);
}

std::uint64_t UdpRelay::kept_of(const UdpFlow& flow) const {
  return static_cast<std::uint64_t>(std::count_if(
      kept_.begin(), kept_.end(), [&](const Kept& kept) { return kept.flow == &flow; }));
}

void UdpRelay::on_dialed(TcpDial::Outcome outcome) {
  if (outcome == TcpDial::Outcome::connected) {
    outcome = opened();
  }
  if (outcome == TcpDial::Outcome::connected) {
    owner_.on_relay_open(socket_);
  } else {
    owner_.on_relay_failed(socket_, outcome, dial_.error());
  }
}

TcpDial::Outcome UdpRelay::opened() {
  own_ = own_sockets_.known(dial_.ends());
  control_ = dial_.take_socket();
  const Route& way = dial_.route();
  endpoint_ = way.hops.back().handshake->relay();
  // An unspecified address means the server's own. So does one that nobody else can reach: here it
  // would be this machine's.
  const Address& server = way.remote.address;
  if (endpoint_.address.is_unspecified() ||
      (endpoint_.address.is_loopback() && !server.is_loopback())) {
    endpoint_.address = server;
  }
  // The end of the connection may have come with the server's answer.
  services_.poll().again(*this, EPOLLIN);
  mtu_ = mtu_of(control_.get(), way.remote.family());
  return TcpDial::Outcome::connected;
}

// Nothing is said on the connection any more; its end is the relay's.
void UdpRelay::on_events(std::uint32_t events) {
  if (!control_.valid()) {
    dial_.on_events(events);
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
  services_.poll().forget(*this);
  services_.poll().again(*this, EPOLLIN);
}

void UdpRelay::on_retry(const std::shared_ptr<Server>&) {
  services_.reasons().add(Reason::retried);
}
std::string UdpRelay::flow_id() const { return flow_id_; }

}  // namespace weir
