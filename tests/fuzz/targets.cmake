# One a kind of foreign bytes: NAME.cpp, and its inputs in corpus/NAME.
set(savp_fuzz_targets arrays bundles examples hdf5 json_files pickles pictures records safetensors texts torch_files videos)
