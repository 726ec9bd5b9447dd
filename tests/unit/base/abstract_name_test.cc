#include "base/abstract_name.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <string>

#include "base/descriptor.h"
#include "catch.h"

namespace weir {
namespace {

TEST_CASE("who holds an abstract name is known by its user") {
  const std::string name = "weir-test-" + std::to_string(getpid());
  CHECK_FALSE(holder_of_abstract_name(name));
  const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path + 1, name.size());
  REQUIRE(bind(socket.get(), reinterpret_cast<const sockaddr*>(&address),
               static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())) == 0);
  CHECK(holder_of_abstract_name(name) == geteuid());
  CHECK_FALSE(holder_of_abstract_name(name.substr(1)));
}

}  // namespace
}  // namespace weir
