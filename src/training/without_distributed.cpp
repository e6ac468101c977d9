// The stand-in of a build without c10d.
#include "training/communicator.h"

namespace savp {

std::shared_ptr<Communicator> join(const Rendezvous& rendezvous, const at::Device& /*device*/) {
  throw UsageError(concat("this is process ", rendezvous.rank, " of ", rendezvous.size,
                          ", but this build trains in one only: install libgloo-dev and build again with ",
                          "-DSAVP_DISTRIBUTED=ON"));
}

}  // namespace savp
