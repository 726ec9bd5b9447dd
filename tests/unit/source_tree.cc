// The one source that is compiled with a path of this machine: a compiler cache serves all others
// to every checkout.
#include "source_tree.h"

namespace weir {

std::filesystem::path source_tree() { return WEIR_SOURCE_DIR; }

}  // namespace weir
