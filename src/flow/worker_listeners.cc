#include "flow/worker_listeners.h"

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>

namespace weir {

void WorkerListeners::listen(Listeners listeners) {
  for (Descriptor& socket : listeners.tcp) {
    tcp_.push_back(tcp(std::move(socket)));
  }
  for (Descriptor& socket : listeners.udp) {
    udp_.push_back(udp(std::move(socket)));
  }
}

std::unique_ptr<TcpListener> WorkerListeners::tcp(Descriptor socket) {
  return std::make_unique<TcpListener>(
      parts_.poll, parts_.timers, std::move(socket),
      TcpListener::Handler{
          .on_accepted = [this](Accepted accepted) { parts_.tcp.accept(std::move(accepted)); },
          .on_out_of_descriptors = [this]() { parts_.reasons.add(Reason::out_of_descriptors); },
          .on_failed =
              [this](int code) {
                parts_.reasons.add(Reason::accept_failed);
                parts_.log.debug(std::string("accept: ") + std::strerror(code));
              }});
}

std::unique_ptr<UdpListener> WorkerListeners::udp(Descriptor socket) {
  return std::make_unique<UdpListener>(
      parts_.poll, std::move(socket), batch_,
      UdpListener::Handler{
          .on_datagrams =
              [this](std::span<const InterceptedDatagram> datagrams) {
                parts_.udp.on_datagrams(datagrams);
              },
          .on_no_destination = [this]() { parts_.reasons.add(Reason::no_original_destination); },
          .on_truncated = [this]() { parts_.reasons.add(Reason::datagram_truncated); },
          .on_dropped =
              [this](std::uint32_t datagrams) {
                parts_.reasons.add(Reason::receive_queue_full, datagrams);
              }});
}

void WorkerListeners::close_tcp() {
  for (const auto& listener : tcp_) {
    listener->close();
  }
}

void WorkerListeners::finish_tcp() {
  for (const auto& listener : tcp_) {
    listener->drain_backlog();
    listener->close();
  }
}

void WorkerListeners::close() {
  close_tcp();
  for (const auto& listener : udp_) {
    listener->close();
  }
}

void WorkerListeners::clear() {
  tcp_.clear();
  udp_.clear();
}

std::vector<int> WorkerListeners::descriptors() const {
  std::vector<int> out;
  for (const auto& listener : tcp_) {
    out.push_back(listener->descriptor());
  }
  for (const auto& listener : udp_) {
    out.push_back(listener->descriptor());
  }
  return out;
}

}  // namespace weir
