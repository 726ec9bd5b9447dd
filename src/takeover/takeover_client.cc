#include "takeover/takeover_client.h"

#include <utility>

#include "loop/loop.h"
#include "takeover/messages.h"
#include "takeover/worker_frames.h"

namespace weir {
namespace {

using takeover::Channel;
using takeover::FrameType;

constexpr Milliseconds to_answer{5'000};
// Somewhat longer than the other side waits: its reason for giving up says more than our timeout.
constexpr Milliseconds to_hand_over = takeover::max_pause + Milliseconds(2'000);

}  // namespace

std::string takeover_path(const std::string& control_socket) {
  return control_socket + ".takeover";
}

Result<std::unique_ptr<TakeoverClient>> TakeoverClient::ask(const std::string& path) {
  auto channel = Channel::connect(path);
  if (!channel) {
    return channel.error();
  }
  std::unique_ptr<TakeoverClient> out(new TakeoverClient(std::move(channel).value()));
  if (auto received = out->receive_offer(); !received) {
    return received.error();
  }
  return out;
}

// If the old gateway has hung up meanwhile, it has said why.
Result<> TakeoverClient::send(FrameType type, std::string_view body) {
  const auto sent = channel_.send(type, body, {}, clock_now() + to_answer);
  if (sent) {
    return Ok{};
  }
  const auto why = channel_.receive(clock_now() + to_answer);
  return why && why.value().type == FrameType::refusal ? Error(why.value().body) : sent.error();
}

Result<> TakeoverClient::receive_offer() {
  const takeover::Hello hello{.version = takeover::version, .program = WEIR_VERSION};
  if (auto sent = send(FrameType::hello, encode(hello)); !sent) {
    return sent.error();
  }
  auto message = channel_.expect(FrameType::offer, clock_now() + to_answer);
  if (!message) {
    return message.error();
  }
  auto offer = takeover::decode_gateway_state(message.value().body);
  if (!offer) {
    return offer.error();
  }
  offer_ = std::move(offer).value();
  descriptors_ = std::move(message.value().descriptors);
  return offer_.firewall.has_cleanup_process && descriptors_.size() < 2
             ? Result<>(Error("what the running gateway hands over is not valid"))
             : Result<>(Ok{});
}

Result<std::vector<InheritedWorker>> TakeoverClient::take() {
  if (auto sent = send(FrameType::take, {}); !sent) {
    return sent.error();
  }
  auto received = receive_workers(channel_, to_hand_over);
  if (!received) {
    return received.error();
  }
  ending_ = std::move(received.value().ending);
  looked_up_ = std::move(received.value().looked_up);
  return std::move(received.value().workers);
}

Result<> TakeoverClient::prepared() {
  if (auto sent = send(FrameType::prepared, {}); !sent) {
    return sent.error();
  }
  auto go = channel_.expect(FrameType::go, clock_now() + to_hand_over);
  return go ? Result<>(Ok{}) : Result<>(go.error());
}

void TakeoverClient::serving() {
  // If the old gateway is gone, it need not be told.
  if (channel_.send(FrameType::serving, {}, {}, clock_now() + to_answer)) {
    static_cast<void>(channel_.expect(FrameType::done, clock_now() + to_answer));
  }
}

}  // namespace weir
