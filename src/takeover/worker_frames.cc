#include "takeover/worker_frames.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "loop/loop.h"

namespace weir {
namespace {

using takeover::FrameType;

constexpr std::size_t sockets_in_message = 120;  // two descriptors each, at most
constexpr std::size_t listeners_in_message = 240;
constexpr std::size_t flows_in_message = 1'000;

// The first listeners go with the worker itself, the others behind it.
Result<> send_listeners(takeover::Channel& channel, const WorkerState& worker, Instant until) {
  std::span<const int> left = worker.listeners;
  const auto next = [&]() {
    const auto piece = left.first(std::min(left.size(), listeners_in_message));
    left = left.subspan(piece.size());
    return piece;
  };
  auto sent = channel.send(FrameType::worker, encode(worker.part), next(), until);
  while (sent && !left.empty()) {
    sent = channel.send(FrameType::listeners, {}, next(), until);
  }
  return sent;
}

Result<> send_sockets(takeover::Channel& channel, const WorkerState& worker, Instant until) {
  std::span<const takeover::SocketPart> sockets = worker.sockets;
  std::span<const int> descriptors = worker.descriptors;
  while (!sockets.empty()) {
    const auto batch = sockets.first(std::min(sockets.size(), sockets_in_message));
    const auto with_relay = static_cast<std::size_t>(std::count_if(
        batch.begin(), batch.end(), [](const auto& one) { return one.relay.has_value(); }));
    const std::size_t count = batch.size() + with_relay;
    if (auto sent =
            channel.send(FrameType::sockets, encode(batch), descriptors.first(count), until);
        !sent) {
      return sent.error();
    }
    sockets = sockets.subspan(batch.size());
    descriptors = descriptors.subspan(count);
  }
  return Ok{};
}

Error senseless() { return Error("what the running gateway hands over is not valid"); }

// Everything that a part names is there.
bool agrees(const InheritedWorker& worker) {
  const auto& part = worker.part;
  const auto descriptors =
      worker.sockets.size() + static_cast<std::size_t>(std::count_if(
                                  worker.sockets.begin(), worker.sockets.end(),
                                  [](const auto& one) { return one.relay.has_value(); }));
  return worker.listeners.size() == std::size_t{part.tcp_listeners} + part.udp_listeners &&
         worker.descriptors.size() == descriptors &&
         std::all_of(worker.sockets.begin(), worker.sockets.end(),
                     [&](const auto& socket) { return socket.binding < part.bindings.size(); }) &&
         std::all_of(worker.flows.begin(), worker.flows.end(), [&](const auto& flow) {
           return flow.binding < part.bindings.size() && flow.socket < worker.sockets.size() &&
                  (flow.server == takeover::nobody || flow.server < part.servers.size()) &&
                  (flow.encapsulation || worker.sockets[flow.socket].codecs.empty());
         });
}

template <typename T>
void append(std::vector<T>& to, std::vector<T> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

Result<InheritedWorker> receive_worker(takeover::Channel& channel, takeover::Channel::Message first,
                                       Milliseconds timeout) {
  auto part = takeover::decode_worker(first.body);
  if (!part) {
    return part.error();
  }
  InheritedWorker worker;
  worker.part = std::move(part).value();
  worker.listeners = std::move(first.descriptors);
  while (worker.listeners.size() <
         std::size_t{worker.part.tcp_listeners} + worker.part.udp_listeners) {
    auto message = channel.expect(FrameType::listeners, clock_now() + timeout);
    if (!message) {
      return message.error();
    }
    if (message.value().descriptors.empty()) {
      return senseless();
    }
    append(worker.listeners, std::move(message.value().descriptors));
  }
  while (worker.sockets.size() < worker.part.sockets) {
    auto message = channel.expect(FrameType::sockets, clock_now() + timeout);
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
    auto message = channel.expect(FrameType::flows, clock_now() + timeout);
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
  return worker;
}

Result<> send_worker(takeover::Channel& channel, const WorkerState& worker, Instant until) {
  if (auto sent = send_listeners(channel, worker, until); !sent) {
    return sent.error();
  }
  if (auto sent = send_sockets(channel, worker, until); !sent) {
    return sent.error();
  }
  std::span<const takeover::FlowPart> flows = worker.flows;
  while (!flows.empty()) {
    const auto batch = flows.first(std::min(flows.size(), flows_in_message));
    if (auto sent = channel.send(FrameType::flows, encode(batch), {}, until); !sent) {
      return sent.error();
    }
    flows = flows.subspan(batch.size());
  }
  return Ok{};
}

}  // namespace

Result<> send_workers(takeover::Channel& channel, std::span<const WorkerState> parts,
                      std::span<const std::uint64_t> earlier, Instant paused, Instant until) {
  takeover::Ending ending{
      .workers = static_cast<std::uint32_t>(parts.size()), .last_numbers = {}, .paused = paused};
  for (const WorkerState& part : parts) {
    if (auto sent = send_worker(channel, part, until); !sent) {
      return sent.error();
    }
    ending.last_numbers.push_back(part.last_number);
  }
  for (std::size_t i = parts.size(); i < earlier.size(); ++i) {
    ending.last_numbers.push_back(earlier[i]);
  }
  return channel.send(FrameType::end, encode(ending), {}, until);
}

Result<ReceivedWorkers> receive_workers(takeover::Channel& channel, Milliseconds timeout) {
  ReceivedWorkers out;
  while (true) {
    auto message = channel.receive(clock_now() + timeout);
    if (!message) {
      return message.error();
    }
    switch (message.value().type) {
      case FrameType::refusal:
        return Error(message.value().body);
      case FrameType::names: {
        auto names = takeover::decode_looked_up(message.value().body);
        if (!names) {
          return names.error();
        }
        out.looked_up = std::move(names).value();
        break;
      }
      case FrameType::worker: {
        auto worker = receive_worker(channel, std::move(message).value(), timeout);
        if (!worker) {
          return worker.error();
        }
        out.workers.push_back(std::move(worker).value());
        break;
      }
      case FrameType::end: {
        auto ending = takeover::decode_ending(message.value().body);
        if (!ending || ending.value().workers != out.workers.size() || out.workers.empty()) {
          return senseless();
        }
        out.ending = std::move(ending).value();
        return out;
      }
      default:
        return senseless();
    }
  }
}

}  // namespace weir
