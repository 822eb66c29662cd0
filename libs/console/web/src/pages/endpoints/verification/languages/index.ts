/** The languages for which there is code, in the order in which they are offered. */

import { csharp } from "./csharp";
import { go } from "./go";
import { java } from "./java";
import type { Language } from "./language";
import { php } from "./php";
import { python } from "./python";
import { ruby } from "./ruby";
import { rust } from "./rust";
import { typescript } from "./typescript";

export const LANGUAGES: Language[] = [python, typescript, go, java, ruby, php, csharp, rust];
