#include "base/abstract_name.h"

#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "base/netlink.h"

namespace weir {

std::optional<uid_t> holder_of_abstract_name(std::string_view name) {
  const auto socket = netlink::open(NETLINK_SOCK_DIAG);
  if (!socket) {
    return std::nullopt;
  }
  unix_diag_req query{};
  query.sdiag_family = AF_UNIX;
  query.udiag_states = UINT32_MAX;
  query.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_UID;
  std::optional<uid_t> holder;
  const auto asked = netlink::dump(
      socket.value(), netlink::Request(SOCK_DIAG_BY_FAMILY, query), [&](netlink::Bytes message) {
        bool has_name = false;
        std::optional<uid_t> user;
        netlink::each_attribute(message, sizeof(nlmsghdr) + sizeof(unix_diag_msg),
                                [&](std::uint16_t type, netlink::Bytes content) {
                                  if (type == UNIX_DIAG_NAME) {
                                    const std::string_view text(
                                        reinterpret_cast<const char*>(content.data()),
                                        content.size());
                                    has_name = text.starts_with('\0') && text.substr(1) == name;
                                  } else if (type == UNIX_DIAG_UID) {
                                    user = netlink::read_as<uid_t>(content);
                                  }
                                });
        if (has_name && user) {
          holder = user;
        }
      });
  return asked.ok() ? holder : std::nullopt;
}

}  // namespace weir
