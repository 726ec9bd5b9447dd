// Whose an abstract Unix socket's name is (unix(7)). Any user may take any such name, so who has it
// says nothing by that alone; the kernel tells the user (sock_diag(7)).
//
// Any thread.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string_view>

namespace weir {

// The user whose socket has the name, in our network namespace. None: no socket has it, or this
// kernel cannot tell.
[[nodiscard]] std::optional<uid_t> holder_of_abstract_name(std::string_view name);

}  // namespace weir
