#include "firewall/set_loader.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <functional>
#include <utility>
#include <vector>

#include "base/netlink.h"
#include "firewall/ipset.h"
#include "firewall/nft_listing.h"
#include "firewall/set_messages.h"

namespace weir::firewall {
namespace {

// Since Linux 6.16; not in every system's header.
constexpr std::uint16_t nfta_set_count = 20;

Error failed(const std::string& name, int code) {
  return Error(
      "cannot load the set " + name + ": " +
      (code == ENOMEM || code == ENFILE ? "the kernel has no memory for it" : std::strerror(code)));
}

// The kernel has done with a datagram when send() returns. → what it answers, each message; 0, or
// the errno of what cannot be asked.
int ask(const Descriptor& socket, const std::vector<std::byte>& datagram,
        const std::function<void(const nlmsghdr&, netlink::Bytes)>& each) {
  if (::send(socket.get(), datagram.data(), datagram.size(), 0) < 0) {
    return errno;
  }
  constexpr std::size_t one_answer = 8192;
  alignas(nlmsghdr) std::array<std::byte, one_answer> answer{};
  int lost = 0;
  while (true) {
    const ssize_t size = recv(socket.get(), answer.data(), answer.size(), MSG_DONTWAIT);
    if (size > 0) {
      netlink::each_message(std::span(answer).first(static_cast<std::size_t>(size)), each);
    } else if (size < 0 && errno == ENOBUFS) {
      lost = ENOBUFS;  // it refuses each message: the first answers say enough
    } else if (size == 0 || errno != EINTR) {
      return size < 0 && errno != EAGAIN ? errno : lost;
    }
  }
}

// A datagram may not be longer than this. Beyond what is usual only with CAP_NET_ADMIN.
void make_room(const Descriptor& socket, std::size_t size) {
  const int room = static_cast<int>(2 * size + 4096);
  if (setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room) != 0) {
    setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  }
}

constexpr std::string_view elements_begin = "\t\telements ";

// By its elements_line().
std::optional<std::size_t> counted_in(const NftObject& set) {
  const auto at = set.text.find(elements_begin);
  std::size_t count = 0;
  if (at == std::string::npos) {
    return std::nullopt;
  }
  const std::string_view rest = std::string_view(set.text).substr(at + elements_begin.size());
  std::from_chars(rest.data(), rest.data() + rest.size(), count);
  return count;
}

}  // namespace

int transact(const Descriptor& socket, const std::vector<std::byte>& transaction) {
  int refused = 0;
  bool is_done = false;
  const int failed = ask(socket, transaction, [&](const nlmsghdr& header, netlink::Bytes message) {
    if (header.nlmsg_type == NLMSG_ERROR) {
      const int code = -netlink::body_as<int>(message).value_or(-EBADMSG);
      is_done = is_done || code == 0;
      refused = refused == 0 ? code : refused;
    }
  });
  if (refused == 0) {
    refused = failed;
  }
  return refused == 0 && !is_done ? EBADMSG : refused;
}

Result<> load_set(const std::string& name, std::span<const Prefix> prefixes) {
  const auto socket = netlink::open(NETLINK_NETFILTER);
  if (!socket) {
    return socket.error();
  }
  SetMessages messages(name, prefixes);
  bool is_there = false;
  for (auto transaction = messages.next(); !transaction.empty(); transaction = messages.next()) {
    make_room(socket.value(), transaction.size());
    if (const int refused = transact(socket.value(), transaction); refused != 0) {
      if (is_there) {
        static_cast<void>(transact(socket.value(), set_deletion(name)));
      }
      return failed(name, refused);
    }
    is_there = true;
  }
  return Ok{};
}

std::string elements_line(std::size_t count) {
  return std::string(elements_begin) + std::to_string(count) + "\n";
}

std::vector<std::string> missing_sets(const Plan& plan, std::string_view listing) {
  const std::vector<NftObject> objects = read_listing(listing).objects;
  std::vector<std::string> missing;
  for (const auto& [name, list] : named_sets(plan)) {
    const auto standing =
        std::find_if(objects.begin(), objects.end(), [&wanted = name](const NftObject& object) {
          return object.kind == "set" && object.name == wanted;
        });
    const bool is_named = listing.find("@" + name) != std::string_view::npos;
    const auto counted = standing == objects.end() ? std::nullopt : counted_in(*standing);
    if (!is_named || standing == objects.end() ||
        (counted && !is_whole(*counted, SetMessages::count_elements(*list)))) {
      missing.push_back(name);
    }
  }
  return missing;
}

Result<std::vector<std::string>> load_sets(const Plan& plan, std::string_view listing) {
  const auto sets = named_sets(plan);
  std::vector<std::string> made;
  for (std::string& name : missing_sets(plan, listing)) {
    if (const auto loaded = load_set(name, *sets.at(name)); !loaded) {
      drop_sets(made);
      return loaded.error();
    }
    made.push_back(std::move(name));
  }
  return made;
}

void drop_sets(const std::vector<std::string>& names) {
  const auto socket = netlink::open(NETLINK_NETFILTER);
  for (const std::string& name : names) {
    if (socket) {
      static_cast<void>(transact(socket.value(), set_deletion(name)));
    }
  }
}

std::optional<std::uint32_t> count_in_kernel(const std::string& name) {
  const auto socket = netlink::open(NETLINK_NETFILTER);
  if (!socket) {
    return std::nullopt;
  }
  std::optional<std::uint32_t> count;
  ask(socket.value(), set_question(name), [&](const nlmsghdr& header, netlink::Bytes message) {
    if (header.nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8U | NFT_MSG_NEWSET)) {
      return;
    }
    netlink::each_attribute(message, sizeof(nlmsghdr) + sizeof(nfgenmsg),
                            [&](std::uint16_t type, netlink::Bytes content) {
                              const auto number = netlink::read_as<std::uint32_t>(content);
                              if (type == nfta_set_count && number) {
                                count = ntohl(*number);
                              }
                            });
  });
  return count;
}

}  // namespace weir::firewall
