// The user who has an abstract Unix socket's name (unix(7)). Any user may take any such name, so
// having it proves nothing; the kernel tells the user (sock_diag(7)).
//
// No state; any thread.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string_view>

namespace weir {

// The user whose socket has the name, in our network namespace. None: no socket has it, or this
// kernel cannot tell.
[[nodiscard]] std::optional<uid_t> holder_of_abstract_name(std::string_view name);

}  // namespace weir
