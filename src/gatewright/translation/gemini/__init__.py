"""Google's generateContent, of the Gemini API and of Vertex AI. Providers speak it, clients do not.

Source: Gemini API reference, "Generating content"; Vertex AI API reference, "GenerateContentResponse".
"""
