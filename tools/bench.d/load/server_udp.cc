// The UDP services of the server (ports.h): one that counts one-way datagrams into the ledger, and
// two that answer. All take as much as one recvmmsg gives. The sink lets the kernel hand it runs of
// equal datagrams in one piece (UDP_GRO), as servers of QUIC do; answers leave from the very
// address that was asked (IP_PKTINFO), for the server holds a whole network.
#include <netinet/udp.h>
#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "datagram.h"
#include "ports.h"
#include "report.h"
#include "server.h"
#include "socket.h"

namespace load {
namespace {

constexpr std::size_t kBatch = 64;
constexpr std::size_t kLongest = 65536;
// Buffers one behind another, with a gap that keeps them out of one another's cache sets.
constexpr std::size_t kStride = kLongest + 4096 + 64;
constexpr int kReceiveBuffer = 8 << 20;

// The buffers of one recvmmsg, and of the sendmmsg that answers it.
class Batch {
 public:
  Batch() : bytes_(kBatch * kStride) {}

  std::size_t receive(int socket) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      parts_[i] = {bytes_.data() + i * kStride, kLongest};
      auto& head = messages_[i].msg_hdr;
      head = {};
      head.msg_name = &names_[i];
      head.msg_namelen = sizeof names_[i];
      head.msg_iov = &parts_[i];
      head.msg_iovlen = 1;
      head.msg_control = controls_[i].data();
      head.msg_controllen = controls_[i].size();
    }
    const int count = recvmmsg(socket, messages_.data(), kBatch, 0, nullptr);
    return count > 0 ? static_cast<std::size_t>(count) : 0;
  }

  // Sends the first `count` back to where they came from, with the control messages they came with:
  // IP_PKTINFO received is the source address of what is sent.
  void send_back(int socket, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) parts_[i].iov_len = messages_[i].msg_len;
    std::size_t sent = 0;
    while (sent < count) {
      const int n =
          sendmmsg(socket, messages_.data() + sent, static_cast<unsigned>(count - sent), 0);
      sent += n > 0 ? static_cast<std::size_t>(n) : 1;  // an unsendable one is skipped: a loss
    }
  }

  [[nodiscard]] std::span<std::byte> data(std::size_t i) {
    return {bytes_.data() + i * kStride, messages_[i].msg_len};
  }
  [[nodiscard]] msghdr& head(std::size_t i) { return messages_[i].msg_hdr; }
  [[nodiscard]] const sockaddr_storage& name(std::size_t i) const { return names_[i]; }

 private:
  std::vector<std::byte> bytes_;
  std::array<iovec, kBatch> parts_{};
  std::array<mmsghdr, kBatch> messages_{};
  std::array<sockaddr_storage, kBatch> names_{};
  alignas(cmsghdr) std::array<std::array<std::byte, 64>, kBatch> controls_{};
};

Batch& batch() {
  static Batch only;
  return only;
}

std::size_t segment_size(msghdr& head, std::size_t whole) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&head); c != nullptr; c = CMSG_NXTHDR(&head, c)) {
    if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
      int size = 0;
      std::memcpy(&size, CMSG_DATA(c), sizeof size);
      return static_cast<std::size_t>(size);
    }
  }
  return whole;
}

// What has been seen of one flow: the next number expected, and which of the 64 before it came.
struct Seen {
  std::uint64_t next = 0;
  std::uint64_t recent = 0;
};

class DatagramSink final : public Service {
 public:
  DatagramSink(Descriptor socket, Ledger& ledger, std::vector<Seen>& flows, std::uint32_t& run)
      : socket_(std::move(socket)), ledger_(ledger), flows_(flows), run_(run) {
    set_option(socket_.get(), SOL_UDP, UDP_GRO, 1, "UDP_GRO");
  }
  int socket() const { return socket_.get(); }

  void ready(std::uint32_t) override {
    const std::size_t count = batch().receive(socket_.get());
    if (count == 0) return;
    if (const std::uint32_t now = ledger_.run.load(); now != run_) {
      run_ = now;
      flows_.clear();
      ledger_.received = ledger_.repeated = ledger_.acknowledged = 0;
    }
    acknowledged_ = ledger_.acknowledged.load(std::memory_order_relaxed);
    received_ = 0;
    for (std::size_t i = 0; i < count; ++i) {
      auto data = batch().data(i);
      const std::size_t size = segment_size(batch().head(i), data.size());
      while (!data.empty()) {
        const auto one = data.first(std::min(size, data.size()));
        take(one);
        data = data.subspan(one.size());
      }
    }
    ledger_.datagram_peer = batch().name(0);
    ledger_.received.fetch_add(received_);
    ledger_.acknowledged.store(acknowledged_);
    wake_sender(ledger_);
  }

 private:
  void take(std::span<const std::byte> data) {
    DatagramHead head;
    if (!read_datagram(data, head)) {
      ledger_.corrupt.fetch_add(1);
      return;
    }
    if (head.run != run_ || head.flow > 65535) return;
    if (head.flow >= flows_.size()) flows_.resize(head.flow + 1);
    Seen& seen = flows_[head.flow];
    if (head.sequence >= seen.next) {
      const std::uint64_t step = head.sequence + 1 - seen.next;
      seen.recent = step < 64 ? (seen.recent << step) | 1 : 1;
      seen.next += step;
      acknowledged_ += step;
    } else {
      const std::uint64_t age = seen.next - 1 - head.sequence;
      const std::uint64_t mark = age < 64 ? std::uint64_t{1} << age : 0;
      if (mark == 0 || (seen.recent & mark) != 0) {
        ledger_.repeated.fetch_add(1);
        return;
      }
      seen.recent |= mark;
    }
    ++received_;
  }

  Descriptor socket_;
  Ledger& ledger_;
  std::vector<Seen>& flows_;
  std::uint32_t& run_;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t received_ = 0;
};

class Responder final : public Service {
 public:
  enum class Answer { same, dns };
  Responder(Descriptor socket, Ledger& ledger, sa_family_t family, Answer answer)
      : socket_(std::move(socket)), ledger_(ledger), answer_(answer) {
    if (family == AF_INET) {
      set_option(socket_.get(), IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO");
    } else {
      set_option(socket_.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO");
    }
  }
  int socket() const { return socket_.get(); }

  void ready(std::uint32_t) override {
    const std::size_t count = batch().receive(socket_.get());
    if (count == 0) return;
    for (std::size_t i = 0; i < count; ++i) {
      if (answer_ == Answer::dns) make_answer(batch().data(i));
      forget_interface(batch().head(i));
    }
    ledger_.datagram_peer = batch().name(0);
    batch().send_back(socket_.get(), count);
  }

 private:
  // The address counts; the route decides the interface (the request "came in" on lo's network).
  static void forget_interface(msghdr& head) {
    cmsghdr* c = CMSG_FIRSTHDR(&head);
    if (c == nullptr) return;
    if (c->cmsg_level == IPPROTO_IP) {
      auto* info = reinterpret_cast<in_pktinfo*>(CMSG_DATA(c));
      info->ipi_ifindex = 0;
      info->ipi_spec_dst = info->ipi_addr;
    } else {
      reinterpret_cast<in6_pktinfo*>(CMSG_DATA(c))->ipi6_ifindex = 0;
    }
  }

  Descriptor socket_;
  Ledger& ledger_;
  Answer answer_;
};

void watch_service(int epoll, int socket, Service* service) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = service;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) != 0) die_of_errno("epoll_ctl");
}

}  // namespace

void add_datagram_services(int epoll, Ledger& ledger, Services& services) {
  static std::vector<Seen> flows;  // of the one run that both families' sinks take part in
  static std::uint32_t run = 0;
  for (const sa_family_t family : {sa_family_t{AF_INET}, sa_family_t{AF_INET6}}) {
    const Address any = Address::any(family);
    auto sink = std::make_unique<DatagramSink>(bind_udp(any.with_port(udp::kSink), kReceiveBuffer),
                                               ledger, flows, run);
    watch_service(epoll, sink->socket(), sink.get());
    services.push_back(std::move(sink));
    const auto respond = [&](std::uint16_t port, Responder::Answer answer) {
      auto service = std::make_unique<Responder>(bind_udp(any.with_port(port), kReceiveBuffer),
                                                 ledger, family, answer);
      watch_service(epoll, service->socket(), service.get());
      services.push_back(std::move(service));
    };
    respond(udp::kEcho, Responder::Answer::same);
    respond(udp::kDns, Responder::Answer::dns);
  }
}

}  // namespace load
