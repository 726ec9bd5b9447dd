// The UDP services of the server (ports.h): one that counts one-way datagrams into the ledger, and
// two that answer. All take as much as one recvmmsg gives. The sink lets the kernel hand it runs of
// equal datagrams in one piece (UDP_GRO), as servers of QUIC do; answers leave from the very
// address that was asked (IP_PKTINFO), for the server holds a whole network.
#include <netinet/udp.h>
#include <sys/epoll.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "arrivals.h"
#include "batch.h"
#include "datagram.h"
#include "ports.h"
#include "server.h"
#include "socket.h"

namespace load {
namespace {

class DatagramSink final : public Service {
 public:
  DatagramSink(Descriptor socket, Ledger& ledger, Arrivals& arrivals)
      : socket_(std::move(socket)), ledger_(ledger), arrivals_(arrivals) {
    set_option(socket_.get(), SOL_UDP, UDP_GRO, 1, "UDP_GRO");
  }

  void ready(std::uint32_t) override {
    Batch& batch = Batch::only();
    const std::size_t count = batch.receive(socket_.get());
    if (count == 0) return;
    arrivals_.begin();
    for (std::size_t i = 0; i < count; ++i) {
      auto data = batch.data(i);
      const std::size_t size = batch.segment_size(i);
      while (!data.empty()) {
        const auto one = data.first(std::min(size, data.size()));
        arrivals_.take(one);
        data = data.subspan(one.size());
      }
    }
    ledger_.datagram_caller = {batch.name(0), false};
    arrivals_.end();
  }

 private:
  Descriptor socket_;
  Ledger& ledger_;
  Arrivals& arrivals_;
};

class Responder final : public Service {
 public:
  enum class Answer { same, dns };
  Responder(Descriptor socket, Ledger& ledger, Answer answer)
      : socket_(std::move(socket)), ledger_(ledger), answer_(answer) {}

  void ready(std::uint32_t) override {
    Batch& batch = Batch::only();
    const std::size_t count = batch.receive(socket_.get());
    if (count == 0) return;
    for (std::size_t i = 0; i < count; ++i) {
      if (answer_ == Answer::dns) make_answer(batch.data(i));
      batch.forget_interface(i);
    }
    ledger_.datagram_caller = {batch.name(0), false};
    batch.send_back(socket_.get(), count);
  }

 private:
  Descriptor socket_;
  Ledger& ledger_;
  Answer answer_;
};

}  // namespace

void add_datagram_services(int epoll, Ledger& ledger, Arrivals& arrivals, Services& services) {
  const auto add = [&](int socket, std::unique_ptr<Service> service) {
    watch_service(epoll, socket, EPOLLIN, *service);
    services.push_back(std::move(service));
  };
  for (const sa_family_t family : {sa_family_t{AF_INET}, sa_family_t{AF_INET6}}) {
    const Address any = Address::any(family);
    Descriptor sink = bind_udp(any.with_port(udp::kSink), kUdpReceiveBuffer);
    const int number = sink.get();
    add(number, std::make_unique<DatagramSink>(std::move(sink), ledger, arrivals));
    for (const auto& [port, answer] : {std::pair{udp::kEcho, Responder::Answer::same},
                                       std::pair{udp::kDns, Responder::Answer::dns}}) {
      Descriptor socket = bind_udp(any.with_port(port), kUdpReceiveBuffer);
      tell_destination(socket, family);
      const int asked = socket.get();
      add(asked, std::make_unique<Responder>(std::move(socket), ledger, answer));
    }
  }
}

}  // namespace load
