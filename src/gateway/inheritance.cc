#include "gateway/inheritance.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "gateway/handover.h"
#include "loop/loop.h"

namespace weir {
namespace {

using takeover::Channel;
using takeover::FrameType;

constexpr Milliseconds to_answer{5'000};
// Somewhat more than the other side waits: its word, why not, is worth more than ours.
constexpr Milliseconds to_hand_over = Handover::longest_rest + Milliseconds(2'000);

Error senseless() { return Error("what the running gateway hands over makes no sense"); }

// Everything that a part names is there.
bool agrees(const InheritedWorker& worker) {
  const auto& part = worker.part;
  const auto descriptors =
      worker.sockets.size() +
      static_cast<std::size_t>(std::count_if(worker.sockets.begin(), worker.sockets.end(),
                                             [](const auto& one) { return one.has_relay; }));
  return worker.listeners.size() == std::size_t{part.tcp_listeners} + part.udp_listeners &&
         worker.descriptors.size() == descriptors &&
         std::all_of(worker.sockets.begin(), worker.sockets.end(),
                     [&](const auto& socket) { return socket.way < part.ways.size(); }) &&
         std::all_of(worker.flows.begin(), worker.flows.end(), [&](const auto& flow) {
           return flow.way < part.ways.size() && flow.socket < worker.sockets.size() &&
                  (flow.server == takeover::nobody || flow.server < part.servers.size());
         });
}

template <typename T>
void append(std::vector<T>& to, std::vector<T> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

std::string takeover_path(const std::string& control_socket) {
  return control_socket + ".takeover";
}

Result<std::unique_ptr<Inheritance>> Inheritance::ask(const std::string& path) {
  auto channel = Channel::connect(path);
  if (!channel) {
    return channel.error();
  }
  std::unique_ptr<Inheritance> out(new Inheritance(std::move(channel).value()));
  if (auto received = out->receive_offer(); !received) {
    return received.error();
  }
  return out;
}

// If the other has hung up meanwhile, it has said why.
Result<> Inheritance::tell(FrameType type, std::string_view body) {
  const auto sent = channel_.send(type, body, {}, clock_now() + to_answer);
  if (sent) {
    return Done{};
  }
  const auto why = channel_.receive(clock_now() + to_answer);
  return why && why.value().type == FrameType::refusal ? Error(why.value().body) : sent.error();
}

Result<> Inheritance::receive_offer() {
  const takeover::Hello hello{.version = takeover::version, .program = WEIR_VERSION};
  if (auto told = tell(FrameType::hello, encode(hello)); !told) {
    return told.error();
  }
  auto message = channel_.expect(FrameType::offer, clock_now() + to_answer);
  if (!message) {
    return message.error();
  }
  auto offer = offer_from_json(message.value().body);
  if (!offer) {
    return offer.error();
  }
  offer_ = std::move(offer).value();
  descriptors_ = std::move(message.value().descriptors);
  return offer_.firewall.has_guardian && descriptors_.size() < 2 ? Result<>(senseless())
                                                                 : Result<>(Done{});
}

std::unique_ptr<firewall::Guardian> Inheritance::guardian() {
  if (!offer_.firewall.has_guardian) {
    return nullptr;
  }
  return firewall::Guardian::inherit(std::move(descriptors_[0]), std::move(descriptors_[1]));
}

Result<std::vector<InheritedWorker>> Inheritance::take() {
  if (auto told = tell(FrameType::take, {}); !told) {
    return told.error();
  }
  std::vector<InheritedWorker> out;
  while (true) {
    auto message = channel_.receive(clock_now() + to_hand_over);
    if (!message) {
      return message.error();
    }
    switch (message.value().type) {
      case FrameType::refusal:
        return Error(message.value().body);
      case FrameType::worker:
        if (auto received = receive_worker(std::move(message).value(), out); !received) {
          return received.error();
        }
        break;
      case FrameType::end: {
        auto ending = takeover::decode_ending(message.value().body);
        if (!ending || ending.value().workers != out.size() || out.empty()) {
          return senseless();
        }
        ending_ = std::move(ending).value();
        return out;
      }
      default:
        return senseless();
    }
  }
}

Result<> Inheritance::receive_worker(Channel::Message first, std::vector<InheritedWorker>& out) {
  auto part = takeover::decode_worker(first.body);
  if (!part) {
    return part.error();
  }
  InheritedWorker worker;
  worker.part = std::move(part).value();
  worker.listeners = std::move(first.descriptors);
  while (worker.sockets.size() < worker.part.sockets) {
    auto message = channel_.expect(FrameType::sockets, clock_now() + to_hand_over);
    if (!message) {
      return message.error();
    }
    auto sockets = takeover::decode_sockets(message.value().body);
    if (!sockets || sockets.value().empty()) {
      return senseless();
    }
    append(worker.sockets, std::move(sockets).value());
    append(worker.descriptors, std::move(message.value().descriptors));
  }
  while (worker.flows.size() < worker.part.flows) {
    auto message = channel_.expect(FrameType::flows, clock_now() + to_hand_over);
    if (!message) {
      return message.error();
    }
    auto flows = takeover::decode_flows(message.value().body);
    if (!flows || flows.value().empty()) {
      return senseless();
    }
    append(worker.flows, std::move(flows).value());
  }
  if (!agrees(worker)) {
    return senseless();
  }
  out.push_back(std::move(worker));
  return Done{};
}

Result<> Inheritance::prepared() {
  if (auto told = tell(FrameType::prepared, {}); !told) {
    return told.error();
  }
  auto go = channel_.expect(FrameType::go, clock_now() + to_hand_over);
  return go ? Result<>(Done{}) : Result<>(go.error());
}

void Inheritance::serving() {
  // If the other is gone, there is nobody to be told.
  if (channel_.send(FrameType::serving, {}, {}, clock_now() + to_answer)) {
    static_cast<void>(channel_.expect(FrameType::done, clock_now() + to_answer));
  }
}

}  // namespace weir
