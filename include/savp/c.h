/* The predictor for programs in C, and for languages that call C: Python's ctypes, Rust, Julia, MATLAB.
 *
 *   savp_model *model;
 *   if (savp_open("logs/bair", NULL, &model) != SAVP_OK) puts(savp_last_error());
 *   savp_scene *scene;
 *   savp_start(model, &context, NULL, &scene);         // the frames seen so far
 *   savp_imagine(scene, &options, &futures);           // into memory of the caller
 *   savp_observe(scene, &frame, NULL);                 // the next real frame
 *   savp_end(scene);
 *   savp_close(model);
 *
 * It is savp/predictor.h with other words: what is said there of shapes, draws, costs and scenes holds here.
 * Every function that can fail returns a savp_status, SAVP_OK where it has done all it was asked for, and
 * otherwise has changed nothing; no exception leaves it. Structs filled with zeros are the defaults. Numbers
 * are single-precision floats in the machine's byte order, axes without gaps, the last one the fastest. The
 * library never keeps a pointer that it was given, and never frees the caller's memory.
 *
 * Threads: a model may be used by any number of threads at a time, a scene by one at a time.
 *
 * Link with libsavp_c (shared); nothing else of the library is needed to build. */
#ifndef SAVP_C_H
#define SAVP_C_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct savp_model savp_model;
typedef struct savp_scene savp_scene;

/* What came of a call; the exit codes of the tools. */
typedef enum savp_status {
  SAVP_OK = 0,
  SAVP_INTERNAL = 1,     /* a fault of the library, please report it */
  SAVP_USAGE = 2,        /* an argument cannot be, or does not fit the model */
  SAVP_DATA = 3,         /* a file is missing, damaged or of another kind */
  SAVP_OUT_OF_MEMORY = 4 /* of the machine or its GPU */
} savp_status;

/* What a model takes, and gives back. 0: not there. */
typedef struct savp_sizes {
  int64_t height, width; /* pixels */
  int64_t channels;      /* 1: gray, 3: red, green, blue */
  int64_t actions;       /* numbers an action */
  int64_t states;        /* numbers a state */
} savp_sizes;

typedef struct savp_open_options {
  const char* device;        /* "auto" (also NULL): the first GPU there is, else the CPU; "cpu", "cuda:1" */
  const char* model;         /* as savp_train --model; NULL: what the checkpoint says */
  const char* model_hparams; /* "name=value,..." that win over the checkpoint's; NULL: none */
  const savp_sizes*
      sizes; /* for TensorFlow's checkpoints, which do not tell; NULL: what the checkpoint says */
} savp_open_options;

/* Frames of one video, [frames][height][width][channels]: bytes from 0 to 255, or floats from 0 to 1; one of
 * the two pointers is NULL. */
typedef struct savp_frames {
  const uint8_t* bytes;
  const float* floats;
  int64_t frames, height, width, channels;
} savp_frames;

/* What comes with frames that are shown; NULL or 0 where the model takes none. */
typedef struct savp_shown {
  const float* actions; /* [action_rows][sizes.actions]: frames - 1 rows for savp_start, 1 for savp_observe */
  int64_t action_rows;
  const float* states; /* [state_rows][sizes.states]: one row a frame */
  int64_t state_rows;
  const float*
      pixels; /* distributions over pixels, [frames][pixel_count][height][width], each with the sum 1 */
  int64_t pixel_count;
} savp_shown;

typedef struct savp_imagine_options {
  const float* actions; /* [plans * length][sizes.actions]; NULL where the model takes none */
  int64_t action_rows;  /* plans * length */
  int64_t samples;      /* futures of each plan; 0: 1 */
  int64_t length;       /* frames to imagine; 0: 10 */
  uint64_t seed;        /* of the draws */
  int64_t first_sample; /* the number of the first one: draws depend on seed and number alone */
} savp_imagine_options;

/* Where futures go: the caller's memory, or NULL for what is not wanted. Each *_size is the number of floats
 * that there is room for; savp_imagine sets it to the number that it has written, or with SAVP_USAGE for too
 * little room to the number that it needs. Future s of plan n is number n * samples + s. */
typedef struct savp_futures {
  float* frames; /* [plans * samples][length][height][width][channels], from 0 to 1 */
  int64_t frames_size;
  float* states; /* [plans * samples][length][sizes.states]; none written where the model predicts none */
  int64_t states_size;
  float*
      pixels; /* [plans * samples][length][pixel_count][height][width]; none written where none were shown */
  int64_t pixels_size;
} savp_futures;

/* "0.1.0". Lives as long as the program. */
const char* savp_version(void);

/* Why the latest call of this thread that failed has failed: one line of UTF-8, "" before the first. Valid
 * until this thread's next failing call. */
const char* savp_last_error(void);

/* Opens a run folder, one of its checkpoints or a checkpoint of the published TensorFlow programs (see
 * Predictor::open). options may be NULL. *model is to be closed by savp_close. */
savp_status savp_open(const char* path, const savp_open_options* options, savp_model** model);
/* Scenes of the model may outlive it. NULL does nothing. */
void savp_close(savp_model* model);

savp_sizes savp_model_sizes(const savp_model* model);
/* The least number of frames that a scene begins with. */
int64_t savp_model_context_frames(const savp_model* model);
/* 1 where two samples differ, else 0. */
int savp_model_stochastic(const savp_model* model);
/* "savp"; lives as long as the program. */
const char* savp_model_name(const savp_model* model);

/* Begins a scene with the frames seen so far, all of which are used. with may be NULL. *scene is to be ended
 * by savp_end. */
savp_status savp_start(const savp_model* model, const savp_frames* context, const savp_shown* with,
                       savp_scene** scene);
/* NULL does nothing. */
void savp_end(savp_scene* scene);

/* Imagines what follows; the scene does not move on. options may be NULL. */
savp_status savp_imagine(savp_scene* scene, const savp_imagine_options* options, savp_futures* futures);

/* Shows the next real frame. with may be NULL. */
savp_status savp_observe(savp_scene* scene, const savp_frames* frame, const savp_shown* with);

/* Frames seen so far. */
int64_t savp_scene_frames(const savp_scene* scene);

#ifdef __cplusplus
}
#endif

#endif
