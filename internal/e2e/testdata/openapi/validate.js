// Validates the OpenAPI document of the standard input against the schema of its version, and prints the version and the errors.

import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';

const validator = new Validator();
const { errors = [] } = await validator.validate(JSON.parse(readFileSync(0, 'utf8')));

console.log(validator.version, JSON.stringify(errors));
