#include "base/datagram_batch.h"

#include <net/if.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/transparent.h"
#include "catch.h"

namespace weir {
namespace {

struct Socket {
  explicit Socket(Family family) : descriptor(::socket(domain_of(family), SOCK_DGRAM, 0)) {
    sockaddr_storage raw{};
    const Address loopback =
        family == Family::v4 ? Address::v4(INADDR_LOOPBACK) : Address::v6(in6addr_loopback);
    const socklen_t size = Endpoint{loopback, 0}.to(raw);
    REQUIRE(bind(fd(), reinterpret_cast<const sockaddr*>(&raw), size) == 0);
    socklen_t length = sizeof raw;
    REQUIRE(getsockname(fd(), reinterpret_cast<sockaddr*>(&raw), &length) == 0);
    local = Endpoint::from(raw);
  }
  void send(const Endpoint& to, const std::string& payload) const {
    sockaddr_storage raw{};
    const socklen_t size = to.to(raw);
    REQUIRE(sendto(fd(), payload.data(), payload.size(), 0, reinterpret_cast<const sockaddr*>(&raw),
                   size) == static_cast<ssize_t>(payload.size()));
  }
  [[nodiscard]] int fd() const { return descriptor.get(); }

  Descriptor descriptor;
  Endpoint local;
};

std::string payload(const DatagramBatch& batch, std::size_t slot) {
  const auto bytes = batch.payload(slot);
  return {bytes.begin(), bytes.end()};
}

// Control messages as the kernel would write them.
class Control {
 public:
  template <typename T>
  Control& add(int level, int type, const T& value) {
    const std::size_t begin = buffer_.size();
    buffer_.resize(begin + CMSG_SPACE(sizeof value));
    cmsghdr header{};
    header.cmsg_len = CMSG_LEN(sizeof value);
    header.cmsg_level = level;
    header.cmsg_type = type;
    std::memcpy(buffer_.data() + begin, &header, sizeof header);
    std::memcpy(buffer_.data() + begin + CMSG_LEN(0), &value, sizeof value);
    return *this;
  }
  DatagramControl read() {
    msghdr header{};
    header.msg_control = buffer_.data();
    header.msg_controllen = buffer_.size();
    return control_of(header);
  }

 private:
  std::vector<std::byte> buffer_;
};

}  // namespace

TEST_CASE("a batch takes what is there, with sizes, payloads and senders") {
  for (const Family family : {Family::v4, Family::v6}) {
    const Socket receiver(family);
    const Socket a(family);
    const Socket b(family);
    a.send(receiver.local, "first");
    b.send(receiver.local, "");
    a.send(receiver.local, "the third");
    DatagramBatch batch;
    REQUIRE(batch.receive(receiver.fd()) == 3);
    CHECK(payload(batch, 0) == "first");
    CHECK(payload(batch, 1).empty());
    CHECK(payload(batch, 2) == "the third");
    CHECK(batch.peer(0) == a.local);
    CHECK(batch.peer(1) == b.local);
    CHECK(batch.peer(2) == a.local);
    CHECK(batch.receive(receiver.fd()) == -1);
    CHECK(errno == EAGAIN);
  }
}

TEST_CASE("a batch is taken up after the slots that are in use") {
  const Socket receiver(Family::v4);
  const Socket sender(Family::v4);
  DatagramBatch batch;
  for (std::size_t i = 0; i < DatagramBatch::slots + 3; ++i) {
    sender.send(receiver.local, "datagram " + std::to_string(i));
  }
  REQUIRE(batch.receive(receiver.fd(), DatagramBatch::slots - 2) == 2);
  CHECK(payload(batch, DatagramBatch::slots - 2) == "datagram 0");
  CHECK(payload(batch, DatagramBatch::slots - 1) == "datagram 1");
  REQUIRE(batch.receive(receiver.fd()) == static_cast<int>(DatagramBatch::slots));
  CHECK(payload(batch, 0) == "datagram 2");
  // A sender of the other family must not leave a longer name behind.
  CHECK(batch.peer(5) == sender.local);
}

TEST_CASE("the largest datagram fits") {
  const Socket receiver(Family::v4);
  const Socket sender(Family::v4);
  const std::string largest(65'507, 'x');
  sender.send(receiver.local, largest);
  DatagramBatch batch;
  REQUIRE(batch.receive(receiver.fd()) == 1);
  CHECK(payload(batch, 0) == largest);
  CHECK((batch.header(0).msg_flags & MSG_TRUNC) == 0);
}

TEST_CASE("a batch says how many it has received, and how many of them were large") {
  const Socket receiver(Family::v4);
  const Socket sender(Family::v4);
  DatagramBatch batch;
  CHECK(batch.receive(receiver.fd()) == -1);
  for (const std::size_t size : {1, 4096, 4097, 65'507}) {
    sender.send(receiver.local, std::string(size, 'x'));
  }
  REQUIRE(batch.receive(receiver.fd()) == 4);
  const DatagramBatch::Count count = batch.take_count();
  CHECK(count.all == 4);
  CHECK(count.large == 2);
  CHECK(batch.take_count().all == 0);
}

TEST_CASE("the kernel's control messages name destination and interface") {
  for (const Family family : {Family::v4, Family::v6}) {
    const bool v6 = family == Family::v6;
    const Socket receiver(family);
    const Socket sender(family);
    REQUIRE(set_option(receiver.fd(), v6 ? SOL_IPV6 : SOL_IP,
                       v6 ? IPV6_RECVORIGDSTADDR : IP_RECVORIGDSTADDR, 1));
    REQUIRE(
        set_option(receiver.fd(), v6 ? SOL_IPV6 : SOL_IP, v6 ? IPV6_RECVPKTINFO : IP_PKTINFO, 1));
    sender.send(receiver.local, "x");
    DatagramBatch batch;
    REQUIRE(batch.receive(receiver.fd()) == 1);
    const DatagramControl control = control_of(batch.header(0));
    CHECK(control.has_destination);
    CHECK(control.destination == receiver.local);
    CHECK(control.interface == if_nametoindex("lo"));
    CHECK(control.segment == 0);
  }
}

TEST_CASE("without control messages nothing is known") {
  const DatagramControl control = control_of(msghdr{});
  CHECK_FALSE(control.has_destination);
  CHECK(control.interface == 0);
  CHECK(control.segment == 0);
}

TEST_CASE("control messages of others are passed over") {
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(53);
  four.sin_addr.s_addr = htonl(0xc0000201U);
  const auto control = Control()
                           .add(SOL_SOCKET, SCM_TIMESTAMP, std::uint64_t{1})
                           .add(SOL_IP, IP_TTL, int{64})
                           .add(SOL_IP, IP_ORIGDSTADDR, four)
                           .add(SOL_UDP, UDP_GRO, int{1200})
                           .read();
  CHECK(control.has_destination);
  CHECK(control.destination.text() == "192.0.2.1:53");
  CHECK(control.segment == 1200);
}

TEST_CASE("a control message that was cut short is not read beyond its end") {
  // MSG_CTRUNC leaves a header whose length says less than the value has.
  std::vector<std::byte> buffer(CMSG_LEN(4));
  cmsghdr header{};
  header.cmsg_len = CMSG_LEN(4);
  header.cmsg_level = SOL_IP;
  header.cmsg_type = IP_ORIGDSTADDR;
  std::memcpy(buffer.data(), &header, sizeof header);
  msghdr message{};
  message.msg_control = buffer.data();
  message.msg_controllen = buffer.size();
  CHECK_FALSE(control_of(message).has_destination);
}

}  // namespace weir
