#include "flow/udp/quic_sniffing.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "sniff/quic_initial.h"
#include "sniff/sniffed.h"

namespace weir {
namespace {

FlowEnds ends_of_datagram(const InterceptedDatagram& datagram) {
  return {datagram.client, datagram.destination};
}

// The first one, where there are several.
std::span<const std::uint8_t> first_segment(const InterceptedDatagram& datagram) {
  return datagram.payload.first(std::min(datagram.width(), datagram.payload.size()));
}

// Shows each of its segments, until one says whether there is a name.
Sniffed show_quic(QuicSniffer& sniffer, const InterceptedDatagram& datagram) {
  Sniffed said;
  auto rest = datagram.payload;
  do {
    const auto segment = rest.first(std::min(datagram.width(), rest.size()));
    said = sniffer.take(segment);
    rest = rest.subspan(segment.size());
  } while (said.state == Sniffed::State::more && !rest.empty());
  return said;
}

HostRef quic_host(const Sniffed& said) {
  return said.state != Sniffed::State::name
             ? nullptr
             : std::make_shared<const Host>(
                   Host{.name = said.name, .from = HostFrom::quic, .is_outer = said.is_outer});
}

std::uint64_t segments_of(const InterceptedDatagram& datagram) {
  const std::size_t width = std::max<std::size_t>(datagram.width(), 1);
  return std::max<std::uint64_t>((datagram.payload.size() + width - 1) / width, 1);
}

}  // namespace

// What one client has sent to one destination so far.
class QuicSniffing::Held final : private TimerWheel::Entry {
 public:
  Held(QuicSniffing& all, QuicSniffer sniffer, const FlowEnds& ends)
      : all_(all),
        sniffer_(std::move(sniffer)),
        place_(all.order_.insert(all.order_.end(), ends)) {}

  void wait(Milliseconds longest) {
    all_.parts_.timers.set(*this, all_.parts_.now + longest, all_.parts_.now);
  }
  [[nodiscard]] Sniffed show(const InterceptedDatagram& datagram) {
    return show_quic(sniffer_, datagram);
  }
  void keep(const InterceptedDatagram& datagram) {
    const auto& bytes = payloads_.emplace_back(datagram.payload.begin(), datagram.payload.end());
    datagrams_.push_back(datagram);
    datagrams_.back().payload = bytes;
  }
  // Without a copy: it goes on before the listener takes it back.
  void end_with(const InterceptedDatagram& last) { datagrams_.push_back(last); }

  [[nodiscard]] std::span<const InterceptedDatagram> datagrams() const { return datagrams_; }
  [[nodiscard]] FlowEnds ends() const { return ends_of_datagram(datagrams_.front()); }
  [[nodiscard]] std::list<FlowEnds>::iterator place() const { return place_; }

 private:
  void on_deadline(Instant /*now*/) override { all_.go_on(*this, nullptr); }

  QuicSniffing& all_;
  QuicSniffer sniffer_;
  std::list<FlowEnds>::iterator place_;
  std::vector<std::vector<std::uint8_t>> payloads_;
  std::vector<InterceptedDatagram> datagrams_;
};

QuicSniffing::QuicSniffing(Parts parts) : parts_(std::move(parts)) {}

QuicSniffing::~QuicSniffing() = default;

bool QuicSniffing::holds(const InterceptedDatagram& datagram) const {
  return !held_.empty() && held_.contains(ends_of_datagram(datagram));
}

bool QuicSniffing::take(const InterceptedDatagram& datagram) {
  if (!held_.empty()) {
    if (const auto found = held_.find(ends_of_datagram(datagram)); found != held_.end()) {
      add(*found->second, datagram);
      return true;
    }
  }
  if (!takes_new_ || !parts_.intake.asks_for_host()) {
    return false;
  }
  if (waits_for_host(datagram)) {
    begin(datagram);
    return true;
  }
  // Only where it follows one that was refused by its name.
  const HostRef host = refused_.find(ends_of_datagram(datagram), parts_.now);
  if (host != nullptr) {
    hand_on({&datagram, 1}, host);
  }
  return host != nullptr;
}

bool QuicSniffing::waits_for_host(const InterceptedDatagram& datagram) const {
  return may_begin_quic(first_segment(datagram)) && parts_.intake.may_change(datagram.flow());
}

void QuicSniffing::begin(const InterceptedDatagram& datagram) {
  QuicSniffer sniffer;
  const Sniffed said = show_quic(sniffer, datagram);
  if (said.state != Sniffed::State::more) {
    hand_on({&datagram, 1}, quic_host(said));
    return;
  }
  if (held_.size() >= most) {
    go_on(*held_.at(order_.front()), nullptr);
  }
  auto held = std::make_unique<Held>(*this, std::move(sniffer), ends_of_datagram(datagram));
  held->keep(datagram);
  held->wait(parts_.intake.timeouts().sniff);
  held_.emplace(ends_of_datagram(datagram), std::move(held));
}

void QuicSniffing::add(Held& held, const InterceptedDatagram& datagram) {
  const Sniffed said = held.show(datagram);
  if (said.state == Sniffed::State::more) {
    held.keep(datagram);
    return;
  }
  held.end_with(datagram);
  go_on(held, quic_host(said));
}

void QuicSniffing::go_on(Held& held, const HostRef& host) {
  order_.erase(held.place());
  const auto taken_out = held_.extract(held.ends());  // keeps it until its datagrams have left
  hand_on(held.datagrams(), host);
}

void QuicSniffing::hand_on(std::span<const InterceptedDatagram> datagrams, const HostRef& host) {
  const FlowEnds ends = ends_of_datagram(datagrams.front());
  const HostRef known = host != nullptr ? host : refused_.find(ends, parts_.now);
  if (!parts_.then(datagrams, known) && known != nullptr) {
    refused_.note(ends, known, parts_.now);
  }
}

void QuicSniffing::go_on_all() {
  while (!held_.empty()) {
    go_on(*held_.begin()->second, nullptr);
  }
}

void QuicSniffing::take_no_new() {
  takes_new_ = false;
  go_on_all();
}

void QuicSniffing::drop_all() {
  order_.clear();
  for (const auto& [ends, held] : std::exchange(held_, {})) {
    for (const InterceptedDatagram& datagram : held->datagrams()) {
      parts_.reasons.add(Reason::draining, segments_of(datagram));
    }
  }
}

}  // namespace weir
